package app.fathi.users;

import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.Tenancy;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What a workspace lays down for all that is taken and sent in it.
 *
 * @param deliveriesPerDay null for as many as there are, {@code deliveriesPerMonth} as well
 * @param mailSender null for what the installation is called
 * @param fourEyes whether what is sent needs somebody who did not write it
 * @param approvalLimit people beyond whom a campaign needs somebody who did not write it; null for none
 */
record WorkspaceRules(
        List<Purpose> purposes,
        Set<String> linkHosts,
        Set<String> serverOnlyEvents,
        Set<String> blockedIds,
        Long deliveriesPerDay,
        Long deliveriesPerMonth,
        String mailSender,
        boolean fourEyes,
        Integer approvalLimit) {

    /** The one that other rules speak of. */
    private static final String TRANSACTIONAL = "transactional";

    private static final Pattern HOST =
            Pattern.compile("([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");
    private static final Pattern NO_SENDER = Pattern.compile("[\\p{Cntrl}<>\"@,;:\\\\]");

    /** What messages may be for. */
    record Purpose(String name, String description) {
        JsonObject toJson() {
            return new JsonObject().put("name", name).put("description", description);
        }
    }

    /** Shape and lengths are the contract's; what a value means is checked here. */
    WorkspaceRules with(JsonObject change) {
        var quota = change.getJsonObject("quota");
        return new WorkspaceRules(
                change.containsKey("purposes") ? purposes(change.getJsonArray("purposes")) : purposes,
                change.containsKey("linkHosts") ? hosts(change.getJsonArray("linkHosts")) : linkHosts,
                change.containsKey("serverOnlyEvents")
                        ? events(change.getJsonArray("serverOnlyEvents"))
                        : serverOnlyEvents,
                change.containsKey("blockedIds") ? ids(change.getJsonArray("blockedIds")) : blockedIds,
                quota == null ? deliveriesPerDay : quota.getLong("deliveriesPerDay"),
                quota == null ? deliveriesPerMonth : quota.getLong("deliveriesPerMonth"),
                change.containsKey("mailSender") ? sender(change.getString("mailSender")) : mailSender,
                change.getBoolean("fourEyes", fourEyes),
                change.containsKey("approvalLimit") ? change.getInteger("approvalLimit") : approvalLimit);
    }

    static List<Purpose> purposes(JsonArray purposes) {
        var read = new ArrayList<Purpose>();
        var names = new LinkedHashSet<String>();
        for (int i = 0; i < purposes.size(); i++) {
            var purpose = purposes.getJsonObject(i);
            if (!names.add(purpose.getString("name"))) {
                throw ProblemException.unprocessable(
                        "/purposes/" + i + "/name", "There is a purpose of this name before it.");
            }
            read.add(new Purpose(purpose.getString("name"), purpose.getString("description")));
        }
        if (!names.contains(TRANSACTIONAL)) {
            throw ProblemException.unprocessable(
                    "/purposes", "The purpose transactional is needed: test messages and kill switches know it.");
        }
        return List.copyOf(read);
    }

    private static Set<String> hosts(JsonArray hosts) {
        return IntStream.range(0, hosts.size())
                .mapToObj(i -> {
                    var host = hosts.getString(i).strip().toLowerCase(Locale.ROOT);
                    if (!HOST.matcher(host).matches()) {
                        throw ProblemException.unprocessable(
                                "/linkHosts/" + i,
                                "This is no host name; a valid one is shop.example, without https://, port or path.");
                    }
                    return host;
                })
                .collect(Collectors.toUnmodifiableSet());
    }

    private static Set<String> events(JsonArray events) {
        return IntStream.range(0, events.size())
                .mapToObj(i -> {
                    if (events.getString(i).isBlank()) {
                        throw ProblemException.unprocessable(
                                "/serverOnlyEvents/" + i, "An event's name must not be blank.");
                    }
                    return events.getString(i);
                })
                .collect(Collectors.toUnmodifiableSet());
    }

    private static Set<String> ids(JsonArray ids) {
        return IntStream.range(0, ids.size())
                .mapToObj(i -> {
                    if (ids.getString(i).isBlank()) {
                        throw ProblemException.unprocessable("/blockedIds/" + i, "An empty id names nobody anyway.");
                    }
                    return ids.getString(i).strip().toLowerCase(Locale.ROOT);
                })
                .collect(Collectors.toUnmodifiableSet());
    }

    private static String sender(String sender) {
        if (sender == null) {
            return null;
        }
        if (sender.isBlank() || NO_SENDER.matcher(sender).find()) {
            throw ProblemException.unprocessable(
                    "/mailSender", "This is what people call you, such as Shop; the address is the installation's.");
        }
        return sender.strip();
    }

    JsonObject addTo(JsonObject json) {
        return json.put("serverOnlyEvents", sorted(serverOnlyEvents))
                .put("blockedIds", sorted(blockedIds))
                .put(
                        "purposes",
                        new JsonArray(purposes.stream().map(Purpose::toJson).toList()))
                .put("linkHosts", sorted(linkHosts))
                .put(
                        "quota",
                        new JsonObject()
                                .put("deliveriesPerDay", deliveriesPerDay)
                                .put("deliveriesPerMonth", deliveriesPerMonth))
                .put("mailSender", mailSender)
                .put("fourEyes", fourEyes)
                .put("approvalLimit", approvalLimit);
    }

    private static JsonArray sorted(Set<String> texts) {
        return new JsonArray(texts.stream().sorted().toList());
    }

    /** What others ask of them, with what the workspace is called. */
    Tenancy.Rules named(String name) {
        return new Tenancy.Rules(
                name,
                serverOnlyEvents,
                blockedIds,
                purposes.stream().map(Purpose::name).collect(Collectors.toUnmodifiableSet()),
                linkHosts);
    }
}
