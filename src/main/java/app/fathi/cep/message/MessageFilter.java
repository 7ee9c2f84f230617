package app.fathi.cep.message;

import java.time.Instant;

/** Which messages a list is of; each may be null for all. */
public record MessageFilter(String state, Source source, String purpose, String topic, Instant from, Instant to) {}
