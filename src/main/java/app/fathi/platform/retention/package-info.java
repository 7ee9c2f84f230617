/**
 * What is kept for a time. The installation says for how long at most, and drops what is older by whole partitions; a workspace that
 * keeps something for a shorter time has it deleted by {@link app.fathi.platform.retention.ForgetJob}. Each domain says what it
 * keeps by {@link app.fathi.platform.retention.Kept}.
 */
package app.fathi.platform.retention;
