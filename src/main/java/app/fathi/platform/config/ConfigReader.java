package app.fathi.platform.config;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Fills {@link Config} from YAML and environment. The records are the schema: a component's name is a key, its type and
 * annotations say what is allowed.
 */
final class ConfigReader {
    private static final String PREFIX = "FATHI_";

    /** What the documentation's examples call a client's own things: in the same shell they are no settings of a server. */
    private static final Set<String> CLIENTS =
            Set.of("FATHI_URL", "FATHI_KEY", "FATHI_EMAIL", "FATHI_PASSWORD", "FATHI_IDENTITY_KEY", "FATHI_WRITE_KEY");

    private static final YAMLMapper YAML = YAMLMapper.builder()
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .build();

    /** Dotted key → component, in the order of the records. */
    private final Map<String, RecordComponent> components = new LinkedHashMap<>();

    private final Map<String, Setting> settings = new LinkedHashMap<>();

    private ConfigReader() {
        collect(Config.class, "");
    }

    /** A value as it was written, and where, for the message that refuses it. */
    private record Setting(String value, String source) {}

    static Config read(Path file, Map<String, String> environment) {
        ConfigReader reader = new ConfigReader();
        reader.addPackaged();
        if (file != null && Files.isRegularFile(file)) {
            reader.addFile(file);
        }
        reader.addEnvironment(environment);
        return reader.build();
    }

    /** Every dotted key of the records. */
    static Collection<String> keys() {
        return List.copyOf(new ConfigReader().components.keySet());
    }

    /** {@code jobs.leaseSeconds} → {@code FATHI_JOBS_LEASE_SECONDS}. */
    static String environmentName(String key) {
        return PREFIX
                + key.replace('.', '_').replaceAll("([a-z0-9])([A-Z])", "$1_$2").toUpperCase(Locale.ROOT);
    }

    private void collect(Class<?> type, String path) {
        for (RecordComponent component : type.getRecordComponents()) {
            String key = path + component.getName();
            if (component.getType().isRecord()) {
                collect(component.getType(), key + ".");
            } else {
                components.put(key, component);
            }
        }
    }

    private void addPackaged() {
        try (InputStream in = Config.class.getResourceAsStream("/conf/application.yaml")) {
            if (in == null) {
                throw new ConfigException("conf/application.yaml is missing from the package");
            }
            add(YAML.readTree(in), "", "the packaged conf/application.yaml");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        for (String key : components.keySet()) {
            if (!settings.containsKey(key)) {
                throw new ConfigException("the packaged conf/application.yaml lacks " + key);
            }
        }
    }

    private void addFile(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            JsonNode root = YAML.readTree(in);
            if (!root.isMissingNode() && !root.isNull()) {
                add(root, "", file.toString());
            }
        } catch (JacksonException e) {
            throw new ConfigException(file + " is not valid YAML"
                    + (e.getLocation() == null
                            ? ""
                            : " at line " + e.getLocation().getLineNr())
                    + ": " + e.getOriginalMessage().lines().findFirst().orElse("unreadable"));
        } catch (IOException e) {
            throw new ConfigException(file + " cannot be read: " + e.getMessage());
        }
    }

    private void add(JsonNode node, String key, String source) {
        if (node.isObject()) {
            if (components.containsKey(key)) {
                throw new ConfigException(
                        key + " in " + source + " is a group of keys: " + allowed(components.get(key)) + " is needed");
            }
            for (Map.Entry<String, JsonNode> property : node.properties()) {
                add(property.getValue(), key.isEmpty() ? property.getKey() : key + "." + property.getKey(), source);
            }
            return;
        }
        RecordComponent component = components.get(key);
        if (component == null) {
            throw new ConfigException("unknown setting " + key + " in " + source + nearest(key, components.keySet()));
        }
        settings.put(key, new Setting(text(node), source));
    }

    private static String text(JsonNode node) {
        if (!node.isArray()) {
            return node.isNull() ? "" : node.asText();
        }
        List<String> elements = new ArrayList<>();
        node.forEach(element -> elements.add(element.asText()));
        return String.join(",", elements);
    }

    static boolean isMeantForServers(String name) {
        return name.startsWith(PREFIX) && !CLIENTS.contains(name);
    }

    private void addEnvironment(Map<String, String> environment) {
        Map<String, String> keysByName = new TreeMap<>();
        components.keySet().forEach(key -> keysByName.put(environmentName(key), key));
        for (Map.Entry<String, String> variable : new TreeMap<>(environment).entrySet()) {
            String name = variable.getKey();
            if (!isMeantForServers(name)) {
                continue;
            }
            String key = keysByName.get(name);
            if (key == null) {
                throw new ConfigException(
                        "unknown setting " + name + " in the environment" + nearest(name, keysByName.keySet()));
            }
            settings.put(key, new Setting(variable.getValue(), name));
        }
    }

    private Config build() {
        return (Config) build(Config.class, "");
    }

    private Object build(Class<?> type, String path) {
        RecordComponent[] parts = type.getRecordComponents();
        Object[] values = new Object[parts.length];
        for (int i = 0; i < parts.length; i++) {
            String key = path + parts[i].getName();
            values[i] = parts[i].getType().isRecord() ? build(parts[i].getType(), key + ".") : value(key, parts[i]);
        }
        try {
            Class<?>[] types =
                    Arrays.stream(parts).map(RecordComponent::getType).toArray(Class<?>[]::new);
            Constructor<?> constructor = type.getDeclaredConstructor(types);
            return constructor.newInstance(values);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof ConfigException refused) {
                throw refused;
            }
            throw new IllegalStateException(e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private Object value(String key, RecordComponent component) {
        Setting setting = settings.get(key);
        String text = setting.value().strip();
        Class<?> type = component.getType();
        if (type == int.class) {
            return number(key, component, text);
        }
        if (type == boolean.class) {
            if (!text.equals("true") && !text.equals("false")) {
                throw refused(key, component);
            }
            return text.equals("true");
        }
        if (type == List.class) {
            Type element = ((ParameterizedType) component.getGenericType()).getActualTypeArguments()[0];
            List<Object> elements = new ArrayList<>();
            for (String part : text.split(",")) {
                if (!part.isBlank()) {
                    elements.add(element(key, component, element, part.strip()));
                }
            }
            return elements;
        }
        return element(key, component, type, text);
    }

    private int number(String key, RecordComponent component, String text) {
        Range range = component.getAnnotation(Range.class);
        if (range == null) {
            throw new IllegalStateException(key + " has no @Range");
        }
        try {
            int number = Integer.parseInt(text);
            if (number >= range.min() && number <= range.max()) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Refused below, like a number out of range.
        }
        throw refused(key, component);
    }

    private Object element(String key, RecordComponent component, Type type, String text) {
        if (type instanceof Class<?> choice && choice.isEnum()) {
            for (Object constant : choice.getEnumConstants()) {
                if (word(constant).equals(text)) {
                    return constant;
                }
            }
            throw refused(key, component);
        }
        Pattern pattern = component.getAnnotation(Pattern.class);
        if (pattern != null && !text.matches(pattern.value())) {
            throw refused(key, component);
        }
        if (component.isAnnotationPresent(Network.class) && !isNetwork(text)) {
            throw refused(key, component);
        }
        return text;
    }

    private static boolean isNetwork(String text) {
        int slash = text.indexOf('/');
        if (slash < 0 || !text.substring(slash + 1).matches("[0-9]{1,3}")) {
            return false;
        }
        String address = text.substring(0, slash);
        // Only what is surely a literal is parsed: a name would be looked up.
        if (!address.contains(":") && !address.matches("([0-9]{1,3}\\.){3}[0-9]{1,3}")) {
            return false;
        }
        try {
            int bits = InetAddress.getByName(address).getAddress().length * 8;
            return Integer.parseInt(text.substring(slash + 1)) <= bits;
        } catch (UnknownHostException e) {
            return false;
        }
    }

    private ConfigException refused(String key, RecordComponent component) {
        Setting setting = settings.get(key);
        String shown = component.isAnnotationPresent(Secret.class) ? "not usable" : "'" + setting.value() + "'";
        String where = setting.source().startsWith(PREFIX)
                ? setting.source()
                : setting.source() + "; " + environmentName(key) + " overrides it";
        return new ConfigException(key + " is " + shown + ": " + allowed(component) + " is needed (" + where + ")");
    }

    private static String allowed(RecordComponent component) {
        Class<?> type = component.getType();
        if (type == boolean.class) {
            return "true or false";
        }
        Range range = component.getAnnotation(Range.class);
        if (range != null) {
            return "a whole number from " + range.min() + " to " + range.max();
        }
        if (type.isEnum()) {
            return "one of " + words(type);
        }
        if (type == List.class
                && ((ParameterizedType) component.getGenericType()).getActualTypeArguments()[0] instanceof Class<?> of
                && of.isEnum()) {
            return "a list of " + words(of);
        }
        String prefix = type == List.class ? "a comma separated list, each element " : "";
        if (component.isAnnotationPresent(Network.class)) {
            return prefix + "a network such as 10.0.0.0/8";
        }
        Pattern pattern = component.getAnnotation(Pattern.class);
        return prefix + (pattern == null ? "a text" : pattern.words());
    }

    private static String words(Class<?> choice) {
        return String.join(
                ", ",
                Arrays.stream(choice.getEnumConstants()).map(ConfigReader::word).toList());
    }

    private static String word(Object constant) {
        return ((Enum<?>) constant).name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** “, did you mean X?” when a known name is near enough to be a slip. */
    private static String nearest(String name, Collection<String> known) {
        String best = null;
        int least = Math.max(2, name.length() / 3);
        for (String candidate : known) {
            int distance = distance(name.toLowerCase(Locale.ROOT), candidate.toLowerCase(Locale.ROOT));
            if (distance <= least) {
                least = distance - 1;
                best = candidate;
            }
        }
        return best == null ? "" : "; did you mean " + best + "?";
    }

    /** Levenshtein distance. */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
