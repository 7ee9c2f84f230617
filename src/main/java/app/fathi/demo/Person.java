package app.fathi.demo;

import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * One of the demo's people, made from a number, so that both processes know the same ones and each start finds them again.
 *
 * @param userId what the site knows them by
 * @param anonymousId what the SDK knew them by before they signed in
 * @param language two letters
 * @param timezone IANA
 * @param plan {@code free}, {@code plus} or {@code pro}
 * @param curious whether a notification makes them click; about one in eight
 */
record Person(
        int number,
        String userId,
        String anonymousId,
        String firstName,
        String language,
        String city,
        String timezone,
        String plan,
        boolean curious) {

    /** The most people of a demo: what one message takes as its audience. */
    static final int LIMIT = 10_000;

    private static final Map<String, String> GREETINGS = new TreeMap<>(Map.of(
            "de", "Hallo", "en", "Hello", "es", "Hola", "fr", "Bonjour", "ja", "こんにちは", "pt", "Olá", "tr", "Merhaba"));

    private record Place(String language, String city, String timezone) {}

    private static final List<Place> PLACES = List.of(
            new Place("en", "London", "Europe/London"),
            new Place("en", "Nairobi", "Africa/Nairobi"),
            new Place("en", "Chicago", "America/Chicago"),
            new Place("en", "Sydney", "Australia/Sydney"),
            new Place("de", "Berlin", "Europe/Berlin"),
            new Place("de", "Zürich", "Europe/Zurich"),
            new Place("fr", "Lyon", "Europe/Paris"),
            new Place("fr", "Montréal", "America/Toronto"),
            new Place("es", "Sevilla", "Europe/Madrid"),
            new Place("es", "Bogotá", "America/Bogota"),
            new Place("pt", "Porto", "Europe/Lisbon"),
            new Place("pt", "São Paulo", "America/Sao_Paulo"),
            new Place("tr", "İzmir", "Europe/Istanbul"),
            new Place("ja", "札幌", "Asia/Tokyo"));

    private static final Map<String, List<String>> NAMES = Map.of(
            "de", List.of("Jürgen", "Käthe", "Anneliese", "Emil", "Frieda", "Jonas", "Mathilda", "Götz"),
            "en", List.of("Ada", "Grace", "Amara", "Oliver", "Wanjiru", "Zoë", "Liam", "Siobhán"),
            "es", List.of("José", "Lucía", "Iñaki", "Ximena", "Camila", "Nicolás", "Rocío", "Tomás"),
            "fr", List.of("Amélie", "Loïc", "Chloé", "Mathieu", "Noëlle", "Théo", "Inès", "Benoît"),
            "ja", List.of("さくら", "陽菜", "蓮", "結衣", "大翔", "美咲", "悠真", "葵"),
            "pt", List.of("João", "Inês", "Luísa", "Antônio", "Beatriz", "Caetano", "Fátima", "Otávio"),
            "tr", List.of("Müge", "Çağrı", "Şirin", "Ömer", "Işıl", "Gökhan", "Ayşe", "Umut"));

    private static final List<String> PLANS = List.of("free", "free", "free", "plus", "plus", "pro");

    /** @param number from 1 */
    static Person of(int number) {
        var dice = new SplittableRandom(number);
        var place = PLACES.get(dice.nextInt(PLACES.size()));
        var names = NAMES.get(place.language);
        var id = "demo-%04d".formatted(number);
        return new Person(
                number,
                id,
                "visitor-" + id,
                names.get(dice.nextInt(names.size())),
                place.language,
                place.city,
                place.timezone,
                PLANS.get(dice.nextInt(PLANS.size())),
                dice.nextInt(1_000) < 128);
    }

    /** What the site tells of them by {@code identify}. */
    JsonObject traits() {
        return new JsonObject()
                .put("firstName", firstName)
                .put("language", language)
                .put("city", city)
                .put("timezone", timezone)
                .put("plan", plan);
    }

    /** The title that greets everybody in their language, by their name: a Liquid template. */
    static String greetingTemplate() {
        return GREETINGS.entrySet().stream()
                .filter(greeting -> !greeting.getKey().equals("en"))
                .map(greeting -> "{%% when '%s' %%}%s".formatted(greeting.getKey(), greeting.getValue()))
                .collect(Collectors.joining(
                        "",
                        "{% case traits.language %}",
                        "{% else %}" + GREETINGS.get("en") + "{% endcase %} {{ traits.firstName }}"));
    }

    /** What that template must have become for this one. */
    String greeting() {
        return GREETINGS.get(language) + " " + firstName;
    }
}
