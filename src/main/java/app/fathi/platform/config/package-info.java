/**
 * Settings: {@code conf/application.yaml} names every key with its default and reason; the environment overrides it.
 * {@link app.fathi.platform.config.Config} is read once at start and never changes.
 */
package app.fathi.platform.config;
