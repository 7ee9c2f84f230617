/**
 * Who asks, what they may, and what must stay secret: credentials, authorities, the master key and sealed values.
 */
package app.fathi.platform.security;
