package app.fathi.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.freedesktop.dbus.Tuple;
import org.freedesktop.dbus.annotations.DBusInterfaceName;
import org.freedesktop.dbus.annotations.DBusMemberName;
import org.freedesktop.dbus.annotations.Position;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.connections.impl.DBusConnectionBuilder;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.interfaces.DBusInterface;
import org.freedesktop.dbus.messages.DBusSignal;
import org.freedesktop.dbus.types.UInt32;
import org.freedesktop.dbus.types.Variant;

/**
 * The desktop that a browser shows its notifications on: a session bus of its own with the service
 * {@code org.freedesktop.Notifications} (Desktop Notifications Specification 1.2) and somebody in front of it who reads,
 * clicks and dismisses. A browser started with {@link #address} as {@code DBUS_SESSION_BUS_ADDRESS} cannot tell it from
 * a real one, headless or not, so a click here is a click of the visitor: it may open windows.
 */
public final class Desktop implements AutoCloseable {
    private static final String NAME = "org.freedesktop.Notifications";
    private static final String PATH = "/org/freedesktop/Notifications";
    private static final UInt32 DISMISSED = new UInt32(2);
    private static final UInt32 CLOSED_BY_PROGRAM = new UInt32(3);

    /**
     * A notification as the desktop was asked to show it.
     *
     * @param replaces the notification whose place it took; 0: none
     * @param actions keys by what is written on the buttons; a click beside them is {@code default}
     * @param silent the desktop was asked to make no sound
     */
    public record Notification(
            int id, int replaces, String title, String body, Map<String, String> actions, boolean silent) {}

    private final Path folder;
    private final Process daemon;
    private final DBusConnection bus;
    private final String address;
    private final AtomicInteger last = new AtomicInteger();
    private final List<Notification> shown = new ArrayList<>();
    private final Map<Integer, Notification> visible = new TreeMap<>();

    private Desktop() throws IOException, DBusException {
        folder = Files.createTempDirectory("desktop");
        address = "unix:path=" + folder.resolve("bus");
        daemon = startBus();
        bus = DBusConnectionBuilder.forAddress(address)
                .withShared(false)
                .receivingThreadConfig()
                .withMethodCallThreadCount(1)
                .connectionConfig()
                .build();
        bus.requestBusName(NAME);
        bus.exportObject(PATH, new Service());
    }

    /** With a configuration of its own, so that no other service of the machine is started on it. */
    private Process startBus() throws IOException {
        var configuration = folder.resolve("bus.conf");
        Files.writeString(
                configuration,
                """
                <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
                  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
                <busconfig>
                  <type>session</type>
                  <listen>%s</listen>
                  <policy context="default">
                    <allow send_destination="*" eavesdrop="true"/>
                    <allow eavesdrop="true"/>
                    <allow own="*"/>
                  </policy>
                </busconfig>
                """
                        .formatted(address));
        var bus = new ProcessBuilder("dbus-daemon", "--config-file=" + configuration, "--nofork", "--print-address")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        if (bus.inputReader().readLine() == null) {
            throw new IllegalStateException("dbus-daemon does not start");
        }
        return bus;
    }

    public static Desktop start() {
        try {
            return new Desktop();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (DBusException e) {
            throw new IllegalStateException(e);
        }
    }

    /** For {@code DBUS_SESSION_BUS_ADDRESS}. */
    public String address() {
        return address;
    }

    /** All that was ever shown, replacements included, in order. */
    public synchronized List<Notification> shown() {
        return List.copyOf(shown);
    }

    /** What can be seen now. */
    public synchronized List<Notification> visible() {
        return List.copyOf(visible.values());
    }

    /** The notification with this title, once it can be seen and its browser has been told the id. */
    public Notification awaitVisible(String title) {
        var seen = Eventually.eventually("the notification '" + title + "'", this::visible, all -> all.stream()
                        .anyMatch(one -> one.title().equals(title)))
                .stream()
                .filter(one -> one.title().equals(title))
                .findFirst()
                .orElseThrow();
        try {
            // Calls are served one after the other, so an answer to this one follows the one with the id.
            bus.getRemoteObject(NAME, PATH, Notifications.class, false).getCapabilities();
        } catch (DBusException e) {
            throw new IllegalStateException(e);
        }
        return seen;
    }

    public boolean isVisible(String title) {
        return visible().stream().anyMatch(one -> one.title().equals(title));
    }

    public void click(Notification notification) {
        invoke(notification, "default");
    }

    /** @param button what is written on it */
    public void click(Notification notification, String button) {
        invoke(notification, notification.actions().get(button));
    }

    private void invoke(Notification notification, String key) {
        try {
            bus.sendMessage(new Notifications.ActionInvoked(PATH, new UInt32(notification.id()), key));
        } catch (DBusException e) {
            throw new IllegalStateException(e);
        }
    }

    /** As with the cross in its corner. */
    public void dismiss(Notification notification) {
        close(notification.id(), DISMISSED);
    }

    private void close(int id, UInt32 why) {
        synchronized (this) {
            if (visible.remove(id) == null) {
                return;
            }
        }
        try {
            bus.sendMessage(new Notifications.NotificationClosed(PATH, new UInt32(id), why));
        } catch (DBusException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        try {
            bus.disconnect();
            daemon.destroy();
            daemon.waitFor();
            try (var files = Files.walk(folder)) {
                for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The service's interface, in the specification's words. */
    @DBusInterfaceName(NAME)
    public interface Notifications extends DBusInterface {
        @DBusMemberName("GetCapabilities")
        List<String> getCapabilities();

        @DBusMemberName("GetServerInformation")
        ServerInformation<String, String, String, String> getServerInformation();

        @DBusMemberName("Notify")
        UInt32 notify(
                String application,
                UInt32 replaces,
                String icon,
                String summary,
                String body,
                List<String> actions,
                Map<String, Variant<?>> hints,
                int expireMillis);

        @DBusMemberName("CloseNotification")
        void closeNotification(UInt32 id);

        final class ActionInvoked extends DBusSignal {
            public ActionInvoked(String path, UInt32 id, String key) throws DBusException {
                super(path, id, key);
            }
        }

        final class NotificationClosed extends DBusSignal {
            public NotificationClosed(String path, UInt32 id, UInt32 reason) throws DBusException {
                super(path, id, reason);
            }
        }
    }

    /** Four results of one call: the type parameters are how the library knows their types. */
    public static final class ServerInformation<A, B, C, D> extends Tuple {
        @Position(0)
        public final A name;

        @Position(1)
        public final B vendor;

        @Position(2)
        public final C version;

        @Position(3)
        public final D specificationVersion;

        ServerInformation(A name, B vendor, C version, D specificationVersion) {
            this.name = name;
            this.vendor = vendor;
            this.version = version;
            this.specificationVersion = specificationVersion;
        }
    }

    private final class Service implements Notifications {
        @Override
        public String getObjectPath() {
            return PATH;
        }

        @Override
        public List<String> getCapabilities() {
            return List.of("actions", "body", "persistence");
        }

        @Override
        public ServerInformation<String, String, String, String> getServerInformation() {
            return new ServerInformation<>("desktop", "Fathi", "1", "1.2");
        }

        @Override
        public UInt32 notify(
                String application,
                UInt32 replaces,
                String icon,
                String summary,
                String body,
                List<String> actions,
                Map<String, Variant<?>> hints,
                int expireMillis) {
            var buttons = new LinkedHashMap<String, String>();
            for (int i = 0; i + 1 < actions.size(); i += 2) {
                buttons.put(actions.get(i + 1), actions.get(i));
            }
            synchronized (Desktop.this) {
                var id = replaces.intValue() == 0 ? last.incrementAndGet() : replaces.intValue();
                var silent = hints.containsKey("suppress-sound")
                        && Boolean.TRUE.equals(hints.get("suppress-sound").getValue());
                var notification = new Notification(id, replaces.intValue(), summary, body, buttons, silent);
                shown.add(notification);
                visible.put(id, notification);
                return new UInt32(id);
            }
        }

        @Override
        public void closeNotification(UInt32 id) {
            Desktop.this.close(id.intValue(), CLOSED_BY_PROGRAM);
        }
    }
}
