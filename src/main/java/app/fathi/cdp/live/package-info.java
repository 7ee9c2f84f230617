/**
 * What arrives, shown at once to who connects a client ({@code GET /cdp/events/live}): each event with its verdict.
 * {@link app.fathi.cdp.live.LiveFeed} carries it between nodes while somebody listens, {@link app.fathi.cdp.live.LiveLine} is one
 * event as it is told. Holds nothing in the database, and may lose
 * what it tells. Permission: {@code events:read}.
 */
package app.fathi.cdp.live;
