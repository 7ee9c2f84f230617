/**
 * The one way out to addresses that somebody else gave us: every resolved address is checked, no redirects are followed,
 * time and size are capped.
 */
package app.fathi.platform.outbound;
