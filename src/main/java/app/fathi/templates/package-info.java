/**
 * Content with variables. A template is a Liquid program that somebody else wrote: it is rendered in a sandbox without
 * files, reflection or unbounded work.
 *
 * <p>Owns no tables yet. Gives {@link app.fathi.templates.Renderer}.
 */
package app.fathi.templates;
