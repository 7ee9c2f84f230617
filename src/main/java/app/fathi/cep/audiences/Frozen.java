package app.fathi.cep.audiences;

import java.util.List;
import java.util.TreeMap;
import java.util.UUID;

/**
 * Whom a message is for, once and for all.
 *
 * @param people by number; the addresses that were named, null for all that a person has
 * @param unknown ids that name nobody
 */
public record Frozen(TreeMap<Integer, List<UUID>> people, List<String> unknown) {}
