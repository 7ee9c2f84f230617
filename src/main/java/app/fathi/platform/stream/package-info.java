/**
 * Streams of events with positions: appended in groups, read in order per key by leased consumers whose offset moves in the
 * transaction of its effects. On PostgreSQL; hints make it fast, a slow poll makes it sure.
 */
package app.fathi.platform.stream;
