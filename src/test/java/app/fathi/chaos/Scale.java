package app.fathi.chaos;

import app.fathi.crash.CrashWorld;
import app.fathi.crash.CrashWorld.Crowd;
import app.fathi.testing.FakePushService;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** How large the messages here are: {@code -Dfathi.chaos.devices=…} makes them smaller while a test is written. */
final class Scale {
    private static final int DEVICES = Integer.getInteger("fathi.chaos.devices", 20_000);

    /** Two devices each, because one message can go to 10,000 people. */
    static final Crowd CROWD = new Crowd(DEVICES, DEVICES / 2);

    private Scale() {}

    /** A world in which no process dies, so that leases are as long as usual: nobody waits for them. */
    static CrashWorld world(Path folder, Map<String, String> database, Map<String, String> more) {
        return world(folder, database, more, CROWD);
    }

    static CrashWorld world(Path folder, Map<String, String> database, Map<String, String> more, Crowd crowd) {
        return world(folder, database, more, crowd, FakePushService.Options.usual());
    }

    static CrashWorld world(
            Path folder,
            Map<String, String> database,
            Map<String, String> more,
            Crowd crowd,
            FakePushService.Options service) {
        var settings = new HashMap<>(database);
        settings.put("FATHI_JOBS_LEASE_SECONDS", "30");
        settings.putAll(more);
        return new CrashWorld(folder, settings, crowd, service);
    }
}
