package app.fathi.platform.http;

import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.ProblemException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Reads JSON as RFC 8259 and RFC 7493 (I-JSON) say, within limits: no duplicate keys, no NUL, no lone surrogates, no
 * numbers beyond a double's range, bounded depth. Whatever else comes is the sender's fault and becomes 400.
 */
public final class StrictJson {
    private static final int MAX_DEPTH = 32;
    private static final int MAX_NUMBER_LENGTH = 64;
    private static final int MAX_NAME_LENGTH = 512;

    private static final JsonFactory FACTORY = JsonFactory.builder()
            // UTF-8, and no guess at what else it might be, which another parser would not make.
            .disable(JsonFactory.Feature.CHARSET_DETECTION)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(MAX_DEPTH)
                    .maxNumberLength(MAX_NUMBER_LENGTH)
                    .maxNameLength(MAX_NAME_LENGTH)
                    .build())
            .build();

    /** Finds out where things begin and end, whatever they hold; deeper than this nobody looks. */
    private static final JsonFactory WHEREVER = JsonFactory.builder()
            .enable(JsonReadFeature.ALLOW_UNESCAPED_CONTROL_CHARS)
            .disable(JsonFactory.Feature.CHARSET_DETECTION)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(20_000)
                    .maxNumberLength(Integer.MAX_VALUE)
                    .maxNameLength(Integer.MAX_VALUE)
                    .build())
            .build();

    private StrictJson() {}

    /**
     * An object in which elements of one list stand for themselves.
     *
     * @param object with null in the place of elements that cannot be read
     * @param unreadable why, by their places in the list
     * @param octets how long each element is as it was sent
     */
    public record Apart(JsonObject object, Map<Integer, String> unreadable, List<Integer> octets) {}

    /**
     * The same as {@link #object}, but what is wrong inside an element of the named list is told of that element alone. Costs more
     * only where something is wrong.
     */
    public static Apart apart(Buffer buffer, String list) {
        try {
            var octets = new ArrayList<Integer>();
            return new Apart(object(buffer, new Measured(list, octets)), Map.of(), octets);
        } catch (ProblemException whole) {
            var unreadable = new TreeMap<Integer, String>();
            var rest = Buffer.buffer();
            var copied = 0;
            var places = places(buffer, list);
            var octets = places.stream().map(Place::octets).toList();
            for (int i = 0; i < places.size(); i++) {
                var place = places.get(i);
                try {
                    element(buffer.slice(place.from, place.to));
                } catch (ProblemException e) {
                    unreadable.put(i, e.problem().detail());
                    rest.appendBuffer(buffer, copied, place.from - copied).appendString("null");
                    copied = place.to;
                }
            }
            if (unreadable.isEmpty()) {
                throw whole;
            }
            return new Apart(object(rest.appendBuffer(buffer, copied, buffer.length() - copied)), unreadable, octets);
        }
    }

    /** A list of the top object, and where the lengths of its elements are told. */
    private record Measured(String list, List<Integer> octets) {}

    /** From the first octet of a value to behind its last. */
    private record Place(int from, int to) {
        int octets() {
            return to - from;
        }
    }

    /** Where the elements of the list stand; empty where that cannot be said. */
    private static List<Place> places(Buffer buffer, String list) {
        var places = new ArrayList<Place>();
        try (var parser = WHEREVER.createParser(buffer.getBytes())) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return List.of();
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                var found = parser.currentName().equals(list);
                if (parser.nextToken() != JsonToken.START_ARRAY || !found) {
                    parser.skipChildren();
                    continue;
                }
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    var from = begin(parser);
                    parser.skipChildren();
                    places.add(new Place(from, end(parser)));
                }
            }
            return places;
        } catch (IOException e) {
            return List.of();
        }
    }

    private static void element(Buffer buffer) {
        // As deep as it stands in its list.
        object(Buffer.buffer("{\"\":[").appendBuffer(buffer).appendString("]}"));
    }

    /** The object in the buffer; anything else, and anything after it, is malformed. */
    public static JsonObject object(Buffer buffer) {
        return object(buffer, null);
    }

    private static JsonObject object(Buffer buffer, Measured measured) {
        try (var parser = FACTORY.createParser(buffer.getBytes())) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw malformed("The body must be a JSON object.");
            }
            var object = readObject(parser, measured);
            if (parser.nextToken() != null) {
                throw malformed("Something follows the JSON object" + at(parser) + ".");
            }
            return object;
        } catch (StreamConstraintsException e) {
            throw malformed("The JSON is too deep, or holds a number or a name that is too long.");
        } catch (JsonProcessingException e) {
            throw malformed("The body is not well-formed JSON: " + firstSentence(e) + ".");
        } catch (IOException e) {
            throw malformed("The body is not well-formed UTF-8 JSON.");
        }
    }

    /** The string member of the top object with this name, without reading more than needed; null when there is none. */
    public static String member(Buffer buffer, String name) {
        try (var parser = FACTORY.createParser(buffer.getBytes())) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return null;
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                var found = parser.currentName().equals(name);
                var value = parser.nextToken();
                if (found) {
                    return value == JsonToken.VALUE_STRING ? parser.getText() : null;
                }
                parser.skipChildren();
            }
            return null;
        } catch (IOException e) {
            return null;
        }
    }

    private static JsonObject readObject(JsonParser parser, Measured measured) throws IOException {
        var object = new JsonObject();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            var name = text(parser, parser.currentName());
            // The parser could find them as well, for a set beside each object.
            if (object.containsKey(name)) {
                throw malformed("The body is not well-formed JSON: Duplicate field '"
                        + name.replaceAll("\\p{Cntrl}", " ") + "'" + at(parser) + ".");
            }
            var isMeasured = parser.nextToken() == JsonToken.START_ARRAY
                    && measured != null
                    && measured.list().equals(name);
            object.put(name, isMeasured ? readArray(parser, measured.octets()) : readValue(parser));
        }
        return object;
    }

    private static JsonArray readArray(JsonParser parser, List<Integer> octets) throws IOException {
        var array = new JsonArray();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            var from = octets == null ? 0 : begin(parser);
            array.add(readValue(parser));
            if (octets != null) {
                octets.add(end(parser) - from);
            }
        }
        return array;
    }

    /** Of the token that the parser has read. */
    private static int begin(JsonParser parser) {
        return (int) parser.currentTokenLocation().getByteOffset();
    }

    private static int end(JsonParser parser) throws IOException {
        parser.finishToken();
        return (int) parser.currentLocation().getByteOffset();
    }

    private static Object readValue(JsonParser parser) throws IOException {
        return switch (parser.currentToken()) {
            case START_OBJECT -> readObject(parser, null);
            case START_ARRAY -> readArray(parser, null);
            case VALUE_STRING -> text(parser, parser.getText());
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> number(parser);
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            default -> null;
        };
    }

    private static Number number(JsonParser parser) throws IOException {
        if (parser.currentToken() == JsonToken.VALUE_NUMBER_INT
                && parser.getNumberType() != JsonParser.NumberType.BIG_INTEGER) {
            return parser.getNumberValue();
        }
        var value = parser.getDoubleValue();
        if (Double.isInfinite(value)) {
            throw malformed("A number is beyond the range of a double" + at(parser) + ".");
        }
        return value;
    }

    private static String text(JsonParser parser, String text) {
        for (int i = 0; i < text.length(); i++) {
            var c = text.charAt(i);
            if (c == 0) {
                throw malformed("Text must not hold the NUL character" + at(parser) + ".");
            }
            if (Character.isSurrogate(c)) {
                if (Character.isHighSurrogate(c)
                        && i + 1 < text.length()
                        && Character.isLowSurrogate(text.charAt(i + 1))) {
                    i++;
                } else {
                    throw malformed("Text holds half of a surrogate pair" + at(parser) + ".");
                }
            }
        }
        return text;
    }

    private static String at(JsonParser parser) {
        var location = parser.currentLocation();
        return " (line " + location.getLineNr() + ", column " + location.getColumnNr() + ")";
    }

    /** Jackson quotes the source in what follows the first line; the sender knows their source, logs must not. */
    private static String firstSentence(JsonProcessingException e) {
        var location = e.getLocation();
        var message = e.getOriginalMessage();
        var end = message.indexOf(": ");
        var text = end > 0 && message.startsWith("Unrecognized token") ? "unrecognized token" : message;
        return text.replaceAll("[\\p{Cntrl}]", " ")
                + (location == null
                        ? ""
                        : " (line " + location.getLineNr() + ", column " + location.getColumnNr() + ")");
    }

    private static ProblemException malformed(String detail) {
        return new ProblemException(Problem.of(Kind.MALFORMED, detail));
    }
}
