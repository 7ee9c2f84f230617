package app.fathi.segments;

import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.http.StrictJson;
import app.fathi.platform.imports.RowText;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;

/**
 * Whom a row of a file names: by the id of the profile where the row has one, else by the {@code userId}.
 *
 * @param id null where {@code userId} is not
 */
record ImportedMember(UUID id, String userId) {
    private static final int USER_ID_LENGTH = 255;

    /** Names of columns, in lower case and without what parts words. */
    private static final Set<String> ID = Set.of("id", "profileid");

    private static final Set<String> USER_ID = Set.of("userid", "externaluserid", "externalid");

    /** Reads one row. */
    @FunctionalInterface
    interface Reader {
        /** @throws IllegalArgumentException saying what is wrong, without the row's own words */
        ImportedMember read(byte[] row);
    }

    /** @throws IllegalArgumentException when no column could name anybody */
    static Reader csv(List<String> header) {
        int id = place(header, ID);
        int userId = place(header, USER_ID);
        if (id < 0 && userId < 0) {
            throw new IllegalArgumentException(
                    "it has neither a column userId nor a column id (upper case, spaces and underscores do not matter)");
        }
        return row -> {
            var fields = RowText.fields(RowText.of(row));
            if (fields.size() > header.size()) {
                throw new IllegalArgumentException("it has " + fields.size() + " fields, the header " + header.size());
            }
            return of(value(fields, id), value(fields, userId));
        };
    }

    static Reader ndjson() {
        return row -> {
            RowText.of(row);
            JsonObject json;
            try {
                json = StrictJson.object(Buffer.buffer(row));
            } catch (ProblemException e) {
                throw new IllegalArgumentException("it is no JSON object", e);
            }
            return of(text(json, "id"), text(json, "userId"));
        };
    }

    private static int place(List<String> header, Set<String> names) {
        for (int i = 0; i < header.size(); i++) {
            if (names.contains(header.get(i).toLowerCase(Locale.ROOT).replaceAll("[ ._-]", ""))) {
                return i;
            }
        }
        return -1;
    }

    private static String value(List<String> fields, int place) {
        return place < 0 || place >= fields.size() || fields.get(place).isBlank() ? null : fields.get(place);
    }

    private static String text(JsonObject json, String name) {
        return switch (json.getValue(name)) {
            case null -> null;
            case String text -> text.isBlank() ? null : text;
            case Number number -> number.toString();
            default -> throw new IllegalArgumentException(name + " is neither a text nor a number");
        };
    }

    private static ImportedMember of(String id, String userId) {
        if (id != null) {
            try {
                return new ImportedMember(UUID.fromString(id.strip()), null);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("its id is not the id of a profile", e);
            }
        }
        if (userId == null) {
            throw new IllegalArgumentException("it names nobody");
        }
        // As it is: spaces around it may belong to it.
        if (userId.codePointCount(0, userId.length()) > USER_ID_LENGTH) {
            throw new IllegalArgumentException("userId has more than " + USER_ID_LENGTH + " characters");
        }
        return new ImportedMember(null, userId);
    }
}
