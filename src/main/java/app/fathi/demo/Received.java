package app.fathi.demo;

import app.fathi.demo.VirtualBrowser.Notification;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What the virtual browsers have got, and what of it the server was told: what {@code fathi-sw.js} keeps in each browser's
 * IndexedDB, in one file for all. A line is with the operating system before a message is answered, so a service that is
 * killed knows afterwards what it had shown and has still to tell.
 */
final class Received implements AutoCloseable {
    /** The newest deliveries of all browsers; older ones come no more. */
    private static final int REMEMBERED = 20_000;

    private final Path file;
    private final Map<String, Delivery> deliveries = new LinkedHashMap<>();
    private BufferedWriter lines;

    /** One delivery of one browser; it becomes more told, never less. */
    record Delivery(int browser, Notification notification, Instant at, boolean shownTold, boolean clickTold) {
        private Delivery told(String type) {
            return new Delivery(
                    browser, notification, at, shownTold || type.equals("shown"), clickTold || type.equals("clicked"));
        }

        private JsonObject toJson() {
            return new JsonObject()
                    .put("delivery", notification.delivery())
                    .put("browser", browser)
                    .put("token", notification.token())
                    .put("track", notification.track())
                    .put("at", at.toString())
                    .put("shownTold", shownTold)
                    .put("clickTold", clickTold);
        }

        private static Delivery of(JsonObject json) {
            return new Delivery(
                    json.getInteger("browser"),
                    new Notification(json.getString("delivery"), json.getString("token"), json.getString("track")),
                    Instant.parse(json.getString("at")),
                    json.getBoolean("shownTold"),
                    json.getBoolean("clickTold"));
        }
    }

    private Received(Path file) {
        this.file = file;
    }

    static Received open(Path file) throws IOException {
        var received = new Received(file);
        if (Files.exists(file)) {
            try (var before = Files.lines(file)) {
                before.forEach(received::read);
            }
        }
        received.forgetOldest();
        DemoFolder.write(
                file,
                received.deliveries.values().stream()
                        .map(delivery -> delivery.toJson().encode() + "\n")
                        .collect(Collectors.joining()));
        received.lines = Files.newBufferedWriter(file, StandardOpenOption.APPEND);
        return received;
    }

    private void read(String line) {
        try {
            var json = new JsonObject(line);
            var told = json.getString("told");
            if (told == null) {
                var delivery = Delivery.of(json);
                deliveries.put(delivery.notification().delivery(), delivery);
            } else {
                deliveries.computeIfPresent(json.getString("delivery"), (id, delivery) -> delivery.told(told));
            }
        } catch (DecodeException e) {
            // Half a line: the process was killed while it wrote, and what it says was not answered yet.
        }
    }

    /** Notes the delivery. Empty when it is known already: a repetition, which is not shown again. */
    synchronized Optional<Delivery> meet(int browser, Notification notification, Instant at) {
        if (deliveries.containsKey(notification.delivery())) {
            return Optional.empty();
        }
        var delivery = new Delivery(browser, notification, at, false, false);
        append(delivery.toJson());
        deliveries.put(notification.delivery(), delivery);
        forgetOldest();
        return Optional.of(delivery);
    }

    /** @param type {@code shown} or {@code clicked} */
    synchronized void told(String delivery, String type) {
        append(new JsonObject().put("delivery", delivery).put("told", type));
        deliveries.computeIfPresent(delivery, (id, known) -> known.told(type));
    }

    synchronized List<Delivery> all() {
        return List.copyOf(deliveries.values());
    }

    private void append(JsonObject line) {
        try {
            lines.write(line.encode());
            lines.newLine();
            lines.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be written", e);
        }
    }

    private void forgetOldest() {
        var oldest = deliveries.keySet().iterator();
        for (int extra = deliveries.size() - REMEMBERED; extra > 0; extra--) {
            oldest.next();
            oldest.remove();
        }
    }

    @Override
    public synchronized void close() throws IOException {
        lines.close();
    }
}
