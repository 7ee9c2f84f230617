package app.fathi.demo;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;

/** What the demo's team has defined: segments that the page's buttons move its visitors into, and traits that are computed of it. */
final class Showcase {
    /** @param description what it means, for who looks at the page */
    record Segment(String name, String description, JsonObject rule) {
        JsonObject draft() {
            return new JsonObject()
                    .put("name", name)
                    .put("description", description)
                    .put("rule", rule);
        }
    }

    static final String VIEWED = "Product Viewed";
    static final String ORDERED = "Order Completed";

    static final List<Segment> SEGMENTS = List.of(
            new Segment("Browsing now", "looked at a product within a minute", did(VIEWED, "PT1M")),
            new Segment(
                    "Looked and did not buy",
                    "looked at a product today and ordered nothing",
                    new JsonObject()
                            .put("type", "and")
                            .put(
                                    "rules",
                                    new JsonArray()
                                            .add(did(VIEWED, "P1D"))
                                            .add(new JsonObject()
                                                    .put("type", "didNot")
                                                    .put("event", ORDERED)
                                                    .put("within", "P1D")))),
            new Segment("Loyal customers", "two orders or more", trait("orders", "gte", 2)),
            new Segment("Gold plan", "the trait plan is gold", trait("plan", "equals", "gold")));

    static final List<JsonObject> COMPUTED = List.of(
            computed("orders", "count", ORDERED, null),
            computed("spent", "sum", ORDERED, "total"),
            computed("favouriteCategory", "mostFrequent", VIEWED, "category"));

    private Showcase() {}

    private static JsonObject did(String event, String within) {
        return new JsonObject().put("type", "did").put("event", event).put("within", within);
    }

    private static JsonObject trait(String name, String operator, Object value) {
        return new JsonObject()
                .put("type", "trait")
                .put("trait", name)
                .put("operator", operator)
                .put("value", value);
    }

    private static JsonObject computed(String name, String function, String event, String property) {
        var compute = new JsonObject().put("aggregate", function).put("event", event);
        return new JsonObject()
                .put("name", name)
                .put("compute", property == null ? compute : compute.put("property", property));
    }
}
