/**
 * What an operator's tools ask: is it alive, can it serve, and how is it doing. {@code /health/live},
 * {@code /health/ready}, and {@code /metrics} for Prometheus, the latter for this machine only.
 */
package app.fathi.platform.health;
