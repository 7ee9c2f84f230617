/**
 * {@code scripts/start --demo}: everything on this machine, in a minute. An installation of its own ({@code data-demo/},
 * loopback only, settings that nobody can bend into a real one), a push service in a process of its own with virtual
 * browsers that decrypt and answer, a walkthrough that uses the public API alone, and the page {@code /demo} where the
 * newcomer's own browser takes part.
 *
 * <p>{@link app.fathi.demo.Demo} is what Main knows of it; {@link app.fathi.demo.PushService} is the other process. It is
 * no domain: it knows the product from outside, except for the cryptography that a browser has.
 */
package app.fathi.demo;
