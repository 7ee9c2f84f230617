/**
 * How the edge and the domains talk: a {@link app.fathi.platform.bus.Call} goes to the verticle that owns the operation, a
 * {@link app.fathi.platform.bus.Reply} comes back. Both pass by reference on the local bus.
 */
package app.fathi.platform.bus;
