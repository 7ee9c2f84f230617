package app.fathi.tool;

import app.fathi.cep.stops.OperatorHold;
import app.fathi.cep.stops.OperatorSwitches;
import app.fathi.platform.config.Config;
import app.fathi.platform.config.StartException;
import app.fathi.platform.db.DatabaseAddress;
import app.fathi.platform.db.EmbeddedPostgres;
import app.fathi.platform.db.Migrations;
import app.fathi.platform.jobs.Lane;
import app.fathi.platform.security.MasterKey;
import app.fathi.platform.security.MasterStore;
import app.fathi.platform.security.SealedMaster;
import app.fathi.tool.Finding.Status;
import app.fathi.webpush.Webpush;
import app.fathi.webpush.encryption.CryptoProviders;
import app.fathi.webpush.encryption.VapidSubject;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Looks at everything that an operator would look at, and says what to do. It changes nothing and starts nothing. */
@Command(
        name = "doctor",
        description =
                "Looks at an installation: one line for each thing, ok, warning or fault, and what to do about it. Exit"
                        + " code 0 when all is well, 1 when somebody should look, 2 when something does not work.")
final class Doctor implements Callable<Integer> {
    private static final Duration CLOCKS_APART_WARNING = Duration.ofSeconds(1);
    private static final Duration CLOCKS_APART_FAULT = Duration.ofSeconds(30);
    private static final long DISK_WARNING_OCTETS = 5L << 30;
    private static final long DISK_FAULT_OCTETS = 512L << 20;
    private static final long SILENT_SECONDS = 30;
    private static final long WAITING_WARNING_SECONDS = 60;
    private static final long WAITING_FAULT_SECONDS = 900;
    private static final long BEHIND_WARNING = 10_000;
    private static final long UNCHAINED_FAULT_SECONDS = 60;
    /** Checked every hour. */
    private static final long UNCHECKED_WARNING_SECONDS = 3 * 3_600;

    private static final Duration ANSWER = Duration.ofSeconds(3);

    @Spec
    private CommandSpec spec;

    @Option(names = "--json", description = "For programs: {status, checks: [{name, status, detail, advice}]}.")
    private boolean json;

    private final List<Finding> findings = new ArrayList<>();
    private Config config;

    @Override
    public Integer call() {
        version();
        if (settings()) {
            ports();
            database();
            disk();
            subject();
            crypto();
            mails();
            cluster();
        }
        var worst = findings.stream().map(Finding::status).max(Enum::compareTo).orElse(Status.OK);
        if (json) {
            var checks = new JsonArray();
            findings.forEach(finding -> checks.add(finding.toJson()));
            Tool.out(spec)
                    .println(new JsonObject()
                            .put("status", worst.word())
                            .put("checks", checks)
                            .encodePrettily());
        } else {
            findings.forEach(finding -> Tool.out(spec).println(finding.line()));
        }
        return worst.ordinal();
    }

    private void version() {
        findings.add(Finding.ok(
                "version",
                "Fathi " + OperatorStore.product() + ", Java "
                        + Runtime.version().feature() + ", " + System.getProperty("os.name") + " "
                        + System.getProperty("os.arch")));
    }

    private boolean settings() {
        try {
            config = Tool.config();
            findings.add(Finding.ok(
                    "settings",
                    "read; the data folder is " + config.dataPath() + ", the database "
                            + (config.db().embedded() ? "embedded" : config.db().url())));
            return true;
        } catch (StartException e) {
            findings.add(Finding.fault("settings", e.getMessage(), "correct it: no server starts with it"));
            return false;
        }
    }

    // --- the server's own answer
    // ------------------------------------------------------------------------------------------

    private void ports() {
        int port = config.http().port();
        if (port == 0) {
            findings.add(Finding.warning(
                    "server", "not asked: http.port is 0, so it listens anywhere", "set FATHI_HTTP_PORT"));
            return;
        }
        var host = List.of("0.0.0.0", "::").contains(config.http().host())
                ? "127.0.0.1"
                : config.http().host();
        var address = "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
        try (var client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(ANSWER)
                .build()) {
            var answer = client.send(
                    HttpRequest.newBuilder(URI.create(address + "/health/ready"))
                            .timeout(ANSWER)
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            server(address, answer);
        } catch (IOException e) {
            silent(address, port);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void server(String address, HttpResponse<String> answer) {
        var body = answer.body().startsWith("{") ? new JsonObject(answer.body()) : new JsonObject();
        if (!body.containsKey("status")) {
            findings.add(Finding.fault(
                    "server",
                    "what listens at " + address + " is not Fathi (status " + answer.statusCode() + ")",
                    "stop that program or set FATHI_HTTP_PORT"));
            return;
        }
        if (answer.statusCode() != 200) {
            findings.add(Finding.fault(
                    "server",
                    "not ready at " + address + ": " + words(body.getJsonArray("failing")),
                    "look at the lines below and at the log"));
            return;
        }
        var notices = body.getJsonArray("notices", new JsonArray());
        findings.add(
                notices.isEmpty()
                        ? Finding.ok("server", "ready at " + address)
                        : Finding.warning(
                                "server",
                                "ready at " + address + ", with notices: " + words(notices),
                                notices.contains("vapid-key-refused")
                                        ? "a push service refuses our key: check FATHI_VAPID_SUBJECT and the clock"
                                        : "see the lines below"));
    }

    private static String words(JsonArray names) {
        return names == null
                ? "it does not say why"
                : names.stream().map(String::valueOf).collect(Collectors.joining(", "));
    }

    private void silent(String address, int port) {
        try (var probe = new ServerSocket()) {
            probe.setReuseAddress(true);
            probe.bind(new InetSocketAddress(config.http().host(), port));
            findings.add(Finding.warning(
                    "server",
                    config.has(Config.Role.API)
                            ? "none answers at " + address + "; the port is free"
                            : "none answers at " + address,
                    "start it, if it should run: scripts/start"));
        } catch (IOException e) {
            findings.add(Finding.fault(
                    "server",
                    "port " + port + " on " + config.http().host() + " is taken, and what has it does not answer",
                    "a server that hangs, or another program: see who has it with ss -ltnp"));
        }
    }

    // --- the database
    // -----------------------------------------------------------------------------------------------------

    private void database() {
        if (config.db().embedded() && !EmbeddedPostgres.isMade(config.dataPath())) {
            findings.add(Finding.warning(
                    "database", "there is none yet in " + config.dataPath(), "the first start makes it"));
            masterKey(null);
            return;
        }
        if (config.db().embedded() && EmbeddedPostgres.isUnfinished(config.dataPath())) {
            findings.add(Finding.fault(
                    "database",
                    "a restore into " + config.dataPath() + " did not come to its end",
                    "run scripts/fathi restore again"));
            return;
        }
        DatabaseAddress address;
        try {
            address = config.db().embedded()
                    ? EmbeddedPostgres.running(config.dataPath()).orElse(null)
                    : DatabaseAddress.of(config.db());
        } catch (StartException e) {
            findings.add(Finding.fault("database", e.getMessage(), "run this as the user that Fathi runs as"));
            return;
        }
        boolean stopped = config.db().embedded() && !EmbeddedPostgres.isRunning(config.dataPath());
        if (address == null || stopped) {
            findings.add(Finding.warning(
                    "database",
                    "the embedded one runs only with a server, so migrations, clock, jobs, dead letters and push services"
                            + " were not seen",
                    "run this again while the server runs"));
            masterKey(null);
            return;
        }
        long before = System.nanoTime();
        try (var connection = address.connect()) {
            DoctorStore.beBrief(connection);
            ask(address, connection, Duration.ofNanos(System.nanoTime() - before));
        } catch (SQLException e) {
            findings.add(Finding.fault(
                    "database",
                    address + " cannot be reached: " + e.getMessage(),
                    "check FATHI_DB_URL, FATHI_DB_USER, FATHI_DB_PASSWORD and the server"));
            masterKey(null);
        }
    }

    private interface Look {
        void at(Connection connection) throws SQLException;
    }

    /** One place that cannot be seen hides no other. */
    private void look(String name, Connection connection, Look look) {
        try {
            look.at(connection);
        } catch (SQLException e) {
            findings.add(Finding.warning(
                    name, "not seen: " + e.getMessage().lines().findFirst().orElse(""), "look at the database"));
        }
    }

    private void ask(DatabaseAddress address, Connection connection, Duration connected) {
        look("database", connection, c -> server(address, c, connected));
        if (!migrations(address)) {
            return;
        }
        look("clock", connection, this::clock);
        look("master key", connection, c -> masterKey(MasterStore.kept(c).orElse(null)));
        look("nodes", connection, this::nodes);
        look("sending", connection, this::sending);
        look("jobs", connection, this::jobs);
        look("dead letters", connection, this::deadLetters);
        look("streams", connection, this::streams);
        look("push services", connection, this::pushServices);
        look("audit trail", connection, this::auditTrail);
        look("alerts", connection, this::raised);
    }

    private void server(DatabaseAddress address, Connection connection, Duration connected) throws SQLException {
        var server = DoctorStore.server(connection);
        var detail = address + " is PostgreSQL " + server.version() + ", " + Sizes.of(server.octets())
                + ", connected in " + connected.toMillis() + " ms, " + server.connections() + " of " + server.limit()
                + " connections";
        findings.add(
                server.connections() > server.limit() * 9 / 10
                        ? Finding.warning("database", detail, "raise max_connections, or lower db.…Pool of the nodes")
                        : Finding.ok("database", detail));
    }

    /** False when the tables are none that we could ask. */
    private boolean migrations(DatabaseAddress address) {
        Migrations.Standing standing;
        try {
            standing = Migrations.standing(address);
        } catch (RuntimeException e) {
            findings.add(Finding.fault("migrations", "cannot be read: " + e.getMessage(), "look at the database"));
            return false;
        }
        if (standing.applied().isEmpty()) {
            findings.add(Finding.warning("migrations", "none yet", "the first start makes the tables"));
            return false;
        }
        var newest = standing.applied().getLast();
        if (!standing.unknown().isEmpty()) {
            findings.add(Finding.fault(
                    "migrations",
                    "the database has steps that this version does not know: " + String.join(", ", standing.unknown()),
                    "use the newer version of Fathi that made them"));
            return true;
        }
        findings.add(
                standing.missing().isEmpty()
                        ? Finding.ok("migrations", standing.applied().size() + " applied, up to V" + newest)
                        : Finding.warning(
                                "migrations",
                                "not applied yet: V" + String.join(", V", standing.missing()),
                                "the next start of this version applies them"));
        return standing.missing().isEmpty();
    }

    private void clock(Connection connection) throws SQLException {
        var before = Instant.now();
        var theirs = OperatorStore.now(connection);
        var after = Instant.now();
        var apart = Duration.between(before.plus(Duration.between(before, after).dividedBy(2)), theirs);
        var detail = "the database's clock is " + Math.abs(apart.toMillis()) + " ms "
                + (apart.isNegative() ? "behind" : "ahead of") + " this machine's";
        var advice = "let both keep time (chrony, systemd-timesyncd): tokens for push services and sign-in carry times";
        findings.add(
                apart.abs().compareTo(CLOCKS_APART_FAULT) > 0
                        ? Finding.fault("clock", detail, advice)
                        : apart.abs().compareTo(CLOCKS_APART_WARNING) > 0
                                ? Finding.warning("clock", detail, advice)
                                : Finding.ok("clock", detail));
    }

    /** @param known what the right key opens; null when it was not seen, or when there is none yet */
    private void masterKey(SealedMaster known) {
        var source = MasterKey.source(config);
        try {
            var key = MasterKey.text(config);
            if (key.isEmpty()) {
                findings.add(
                        known == null
                                ? Finding.warning(
                                        "master key", "there is none in " + source, "the first start makes one")
                                : Finding.fault(
                                        "master key",
                                        "there is none in " + source + ", and the database was sealed with one",
                                        "put it back, or set FATHI_MASTER_KEY; without it all subscriptions are lost"));
            } else if (known != null && !known.opens(key.get())) {
                findings.add(Finding.fault(
                        "master key",
                        "that of " + source + " is not the one that the database was sealed with",
                        "set FATHI_MASTER_KEY to the right one, or put its file back"));
            } else if (config.masterKey().isEmpty() && isReadByOthers(MasterKey.file(config))) {
                findings.add(Finding.warning(
                        "master key",
                        source + " can be read by others",
                        "chmod 600 " + source + ": whoever reads it can push to all subscribers"));
            } else if (known != null && known.isChanging()) {
                findings.add(Finding.warning(
                        "master key",
                        "it is being changed: that of " + source + " and another one work",
                        "run scripts/fathi keys rotate-master until it says that the key is changed"));
            } else {
                findings.add(Finding.ok(
                        "master key",
                        source + (known == null ? "; whether it is the right one was not seen" : " is the right one")));
            }
        } catch (StartException e) {
            findings.add(Finding.fault("master key", e.getMessage(), "correct it"));
        }
    }

    private static boolean isReadByOthers(Path file) {
        try {
            var permissions = Files.getPosixFilePermissions(file);
            return permissions.contains(PosixFilePermission.OTHERS_READ)
                    || permissions.contains(PosixFilePermission.GROUP_READ);
        } catch (IOException e) {
            return false;
        }
    }

    private void nodes(Connection connection) throws SQLException {
        var nodes = DoctorStore.nodes(connection);
        var alive = nodes.stream()
                .filter(node -> node.silentSeconds() <= SILENT_SECONDS)
                .toList();
        boolean working = alive.stream().anyMatch(node -> node.roles().contains("worker"));
        var detail = !working
                ? "no worker is alive"
                : alive.stream()
                        .map(node -> node.host() + "/" + node.pid() + " (" + node.roles() + ", " + node.version() + ")")
                        .collect(Collectors.joining(", "));
        var versions = alive.stream().map(DoctorStore.Node::version).distinct().count();
        findings.add(
                !working
                        ? Finding.fault(
                                "nodes",
                                detail,
                                "nothing is sent and no event is read: start a node with the role worker")
                        : versions > 1
                                ? Finding.warning("nodes", detail, "different versions: finish the upgrade")
                                : Finding.ok("nodes", detail));
        nodes.stream()
                .filter(node -> node.silentSeconds() > SILENT_SECONDS)
                .forEach(node -> findings.add(Finding.warning(
                        "nodes",
                        node.host() + "/" + node.pid() + " has said nothing for " + node.silentSeconds() + " s",
                        "it died or is frozen; its work is taken over, its line goes after a day")));
    }

    private void sending(Connection connection) throws SQLException {
        var switches = OperatorSwitches.all(connection);
        for (var one : switches) {
            findings.add(Finding.warning(
                    "sending",
                    "stopped: " + one.what() + ", since " + one.engagedAt() + " by " + one.engagedBy() + ": "
                            + one.reason(),
                    "scripts/fathi resume-sending, when the reason is gone"));
        }
        var held = OperatorHold.find(connection);
        held.ifPresent(hold -> findings.add(Finding.warning(
                "sending",
                hold.messages() + " messages older than " + hold.heldAt() + " are held: " + hold.reason(),
                "scripts/fathi release-held shows them")));
        if (switches.isEmpty() && held.isEmpty()) {
            findings.add(Finding.ok("sending", "nothing is stopped or held"));
        }
    }

    private void jobs(Connection connection) throws SQLException {
        var lanes = DoctorStore.lanes(connection);
        var oldest = lanes.stream()
                .mapToLong(DoctorStore.LaneWork::oldestSeconds)
                .max()
                .orElse(0);
        var detail = lanes.isEmpty()
                ? "none is due"
                : lanes.stream()
                        .map(lane -> Lane.words(lane.lane()) + ": " + lane.due() + " due, the oldest for "
                                + lane.oldestSeconds() + " s")
                        .collect(Collectors.joining("; "));
        var advice = "look at GET /api/v1/jobs and at the log: workers that hang, or too few (jobs.workers)";
        findings.add(
                oldest > WAITING_FAULT_SECONDS
                        ? Finding.fault("jobs", detail, advice)
                        : oldest > WAITING_WARNING_SECONDS
                                ? Finding.warning("jobs", detail, advice)
                                : Finding.ok("jobs", detail));
    }

    private void deadLetters(Connection connection) throws SQLException {
        var dead = DoctorStore.dead(connection);
        if (dead.isEmpty()) {
            findings.add(Finding.ok("dead letters", "none"));
        }
        for (var one : dead) {
            findings.add(Finding.warning(
                    "dead letters",
                    one.jobs() + " of " + one.type() + ", the last at " + one.lastAt() + ": " + one.reason(),
                    "remove the cause, then POST /api/v1/jobs/redrive"));
        }
    }

    private void streams(Connection connection) throws SQLException {
        var streams = DoctorStore.streams(connection);
        var detail = streams.behind() + " events and " + streams.outbox() + " facts wait, " + streams.poison()
                + " could not be digested";
        findings.add(
                streams.poison() > 0
                        ? Finding.warning("streams", detail, "the table dead_letter holds them with the reason")
                        : streams.behind() > BEHIND_WARNING || streams.outbox() > BEHIND_WARNING
                                ? Finding.warning(
                                        "streams", detail, "see whether a worker lives and the database keeps up")
                                : Finding.ok("streams", detail));
    }

    private void pushServices(Connection connection) throws SQLException {
        var errors = DoctorStore.originErrors(connection);
        if (errors.isEmpty()) {
            findings.add(Finding.ok("push services", "no error on record in the newest messages of the last day"));
        }
        for (var one : errors) {
            findings.add(Finding.warning(
                    "push services",
                    one.origin() + ": " + one.reason() + (one.status() == null ? "" : " (status " + one.status() + ")")
                            + " at " + one.at() + ", " + one.times() + " deliveries with errors",
                    one.reason().equals("key_mismatch")
                            ? "it refuses our key: check FATHI_VAPID_SUBJECT and the clock"
                            : "see docs/operations.md, When push services are not well"));
        }
    }

    private void auditTrail(Connection connection) throws SQLException {
        var trail = DoctorStore.trail(connection);
        var name = "audit trail";
        if (trail.faults() > 0) {
            findings.add(Finding.fault(
                    name,
                    trail.faults() + " faults found at " + trail.oldestAt() + ": " + trail.fault(),
                    "keep a copy of the database as it is; scripts/fathi audit verify names them all"));
        } else if (trail.lateSeconds() > UNCHAINED_FAULT_SECONDS) {
            findings.add(Finding.fault(
                    name,
                    "the oldest line has waited for " + trail.lateSeconds() + " s to be chained",
                    "see whether a worker lives, and what its log says of the trail"));
        } else if (trail.chains() == 0) {
            findings.add(Finding.ok(name, "not checked yet: the first start does it"));
        } else {
            var detail = trail.lines() + " lines as they were written, checked at " + trail.oldestAt();
            findings.add(
                    trail.silentSeconds() > UNCHECKED_WARNING_SECONDS
                            ? Finding.warning(
                                    name, detail, "it is checked every hour: see jobs, type platform.verifyAudit")
                            : Finding.ok(name, detail));
        }
    }

    private void raised(Connection connection) throws SQLException {
        var alerts = DoctorStore.alerts(connection);
        if (alerts.isEmpty()) {
            findings.add(Finding.ok("alerts", "none in the last day"));
        }
        for (var one : alerts) {
            findings.add(Finding.warning(
                    "alerts",
                    one.kind() + " (" + one.object() + (one.ws() == 0 ? "" : ", workspace " + one.ws()) + "), "
                            + one.times() + " times, the last at " + one.lastAt() + ": " + one.text(),
                    "see docs/operations.md, Alerts by mail"));
        }
    }

    // --- this machine and the settings
    // ------------------------------------------------------------------------------------

    private void disk() {
        var places = new LinkedHashMap<String, Path>();
        places.put("data folder", config.dataPath());
        if (config.db().embedded()) {
            EmbeddedPostgres.cluster(config.dataPath()).ifPresent(cluster -> places.put("database", cluster));
        }
        places.put("logs", Path.of(config.log().dir()).toAbsolutePath());
        var byStore = new LinkedHashMap<FileStore, List<String>>();
        for (Map.Entry<String, Path> place : places.entrySet()) {
            try {
                byStore.computeIfAbsent(Files.getFileStore(existing(place.getValue())), store -> new ArrayList<>())
                        .add(place.getKey());
            } catch (IOException e) {
                findings.add(Finding.warning(
                        "disk", place.getKey() + " " + place.getValue() + " cannot be seen: " + e, "look at it"));
            }
        }
        byStore.forEach(this::disk);
    }

    private void disk(FileStore store, List<String> names) {
        try {
            long free = store.getUsableSpace();
            var detail =
                    String.join(", ", names) + ": " + Sizes.of(free) + " free of " + Sizes.of(store.getTotalSpace());
            var advice = "make room: a database without room refuses to write";
            findings.add(
                    free < DISK_FAULT_OCTETS
                            ? Finding.fault("disk", detail, advice)
                            : free < DISK_WARNING_OCTETS
                                    ? Finding.warning("disk", detail, advice)
                                    : Finding.ok("disk", detail));
        } catch (IOException e) {
            findings.add(Finding.warning("disk", names + " cannot be seen: " + e, "look at it"));
        }
    }

    /** The folder itself, or the nearest above it that there is. */
    private static Path existing(Path folder) {
        var path = folder;
        while (!Files.exists(path) && path.getParent() != null) {
            path = path.getParent();
        }
        return path;
    }

    private void subject() {
        var subject = Webpush.subject(config);
        try {
            VapidSubject.require(subject);
            findings.add(Finding.ok("push subject", subject));
        } catch (IllegalArgumentException e) {
            findings.add(Finding.fault(
                    "push subject",
                    e.getMessage(),
                    "set FATHI_VAPID_SUBJECT to mailto:you@your.domain: without it nothing is sent"));
        }
    }

    private void crypto() {
        var name = new CryptoProviders().name();
        findings.add(
                name.toLowerCase(Locale.ROOT).contains("jdk")
                        ? Finding.warning(
                                "crypto",
                                name,
                                "no native provider loads on this machine: encryption takes some ten times longer")
                        : Finding.ok("crypto", name));
    }

    /** Whom alerts reach. */
    private void mails() {
        var to = String.join(", ", config.alert().email());
        if (config.alert().isMailed(config.smtp())) {
            findings.add(Finding.ok("alert mail", "alerts go to " + to));
        } else if (to.isEmpty()) {
            findings.add(Finding.ok(
                    "alert mail",
                    "off: alerts are in the log, the metrics and this list only (FATHI_ALERT_EMAIL, FATHI_SMTP_URL)"));
        } else {
            findings.add(Finding.warning(
                    "alert mail",
                    "alerts should go to " + to + ", but there is no mail server: they are in the log only",
                    "set FATHI_SMTP_URL and FATHI_SMTP_FROM"));
        }
    }

    private void cluster() {
        var cluster = config.cluster();
        if (!cluster.enabled()) {
            findings.add(
                    Finding.ok("cluster", "off: one node, or several that find each other's work within a second"));
            return;
        }
        var detail = "this node is " + cluster.host() + ":" + cluster.port() + " of " + cluster.name() + ", members "
                + String.join(", ", cluster.members());
        var advice = cluster.members().isEmpty()
                ? "name the nodes in FATHI_CLUSTER_MEMBERS: none is searched for"
                : cluster.isBusSecured()
                        ? ""
                        : "the event bus is not encrypted: set FATHI_CLUSTER_BUS_CERTIFICATE, …_KEY and …_TRUST, or keep it private";
        findings.add(advice.isEmpty() ? Finding.ok("cluster", detail) : Finding.warning("cluster", detail, advice));
    }
}
