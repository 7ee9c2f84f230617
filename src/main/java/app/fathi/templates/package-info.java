/**
 * Content with variables. A template is a Liquid program that somebody else wrote: it is rendered in a sandbox without
 * files, reflection or unbounded work.
 *
 * <p>Owns the tables {@code templates_*}. Gives {@link app.fathi.templates.Renderer}, and {@link app.fathi.templates.Templates} to
 * who sends what a template says.
 */
package app.fathi.templates;
