package app.fathi.access;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code access.table}: who may do what, as people decided it.
 *
 * @param columns what each column is called in full, in their order
 * @param cells by operation, then by a column's full name
 */
record AccessTable(List<String> columns, Map<String, Map<String, Character>> cells) {
    static final String FILE = "src/test/resources/access.table";
    static final char NO = '.';
    static final char MASKED = 'm';

    static AccessTable read() {
        try (var in = AccessTable.class.getResourceAsStream("/access.table")) {
            return parse(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static AccessTable parse(String text) {
        var names = new LinkedHashMap<String, String>();
        var columns = new ArrayList<String>();
        var cells = new LinkedHashMap<String, Map<String, Character>>();
        Map<String, Character> group = null;
        for (var line : text.lines().toList()) {
            var words = Arrays.asList(line.strip().split("\\s+"));
            if (line.isBlank() || line.startsWith("#")) {
                continue;
            }
            if (line.contains(" = ")) {
                names.put(
                        words.getFirst(), line.substring(line.indexOf('=') + 1).strip());
            } else if (words.getFirst().equals("columns")) {
                words.subList(1, words.size()).forEach(word -> columns.add(names.get(word)));
            } else if (line.startsWith(" ")) {
                for (var operation : words) {
                    if (group == null || cells.put(operation, group) != null) {
                        throw new AssertionError(operation + " stands twice, or under no group, in " + FILE);
                    }
                }
            } else {
                group = group(line, words, columns);
            }
        }
        return new AccessTable(columns, cells);
    }

    private static Map<String, Character> group(String line, List<String> words, List<String> columns) {
        if (words.size() <= columns.size()) {
            throw new AssertionError("A group has a name and " + columns.size() + " cells: " + line);
        }
        var group = new LinkedHashMap<String, Character>();
        for (int i = 0; i < columns.size(); i++) {
            var cell = words.get(words.size() - columns.size() + i);
            if (!cell.matches("[+.om]")) {
                throw new AssertionError("A cell is + . o or m: " + line);
            }
            group.put(columns.get(i), cell.charAt(0));
        }
        return group;
    }

    boolean may(String operation, String column) {
        return cells.get(operation).get(column) != NO;
    }
}
