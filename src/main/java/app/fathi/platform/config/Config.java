package app.fathi.platform.config;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * All settings of a node, read once at start. Component names are the keys of {@code conf/application.yaml}, where
 * each has its default and its reason; the annotations are the limits that {@link #load} holds values to.
 */
public record Config(
        @Pattern(value = "|https?://[^\\s/?#]+(/[^\\s?#]*)?", words = "an http(s) URL without query, or empty")
                String publicUrl,
        @Pattern(value = ".+", words = "a folder") String dataDir,
        List<Role> roles,
        @Secret @Pattern(value = "|[A-Za-z0-9+/]{43}=", words = "32 bytes in base64 (44 characters), or empty")
                String masterKey,
        Admin admin,
        Http http,
        Admission admission,
        Rates rates,
        Database db,
        Cluster cluster,
        Security security,
        Outbound outbound,
        Smtp smtp,
        Alert alert,
        Vapid vapid,
        WebPush webpush,
        Stream stream,
        Live live,
        Traits traits,
        Segments segments,
        Jobs jobs,
        Send send,
        BestTime bestTime,
        DecisionService decisionService,
        Render render,
        Images images,
        Idempotency idempotency,
        Audit audit,
        Retention retention,
        Backup backup,
        Logging log,
        Sentry sentry,
        @Pattern(
                        value =
                                "|(before-intent|after-intent|after-first-byte|after-answer|inside-result|inside-expansion|inside-launch):[1-9][0-9]{0,8}",
                        words = "the name of a crash point, a colon and a count, or empty")
                String crashPoint) {

    private static final String HOST = "[A-Za-z0-9.:_-]+";

    public Config {
        roles = List.copyOf(roles);
        if (roles.isEmpty()) {
            throw new ConfigException("roles is empty: at least one of api, worker is needed (FATHI_ROLES)");
        }
        if (cluster.enabled() && db.embedded()) {
            throw new ConfigException("cluster.enabled is true: nodes of a cluster share one PostgreSQL of your own,"
                    + " set db.url (FATHI_DB_URL)");
        }
        if (cluster.enabled() && masterKey.isEmpty()) {
            throw new ConfigException("cluster.enabled is true: all nodes need the same master key,"
                    + " set masterKey (FATHI_MASTER_KEY)");
        }
        if (!outbound.trustedCertificate().isEmpty() && !Files.isReadable(Path.of(outbound.trustedCertificate()))) {
            throw new ConfigException("outbound.trustedCertificate is '" + outbound.trustedCertificate()
                    + "': a readable PEM file is needed (FATHI_OUTBOUND_TRUSTED_CERTIFICATE)");
        }
    }

    /** Reads the packaged file, {@code conf/application.yaml} of the working directory if there is one, and the process's environment. */
    public static Config load() {
        return ConfigReader.read(Path.of("conf", "application.yaml"), System.getenv());
    }

    /** Reads the packaged file and the given environment only: what tests start from. */
    public static Config of(Map<String, String> environment) {
        return ConfigReader.read(null, environment);
    }

    /** Whether a variable of the environment is a setting, right or misspelt, and not one that the documentation gives to clients. */
    public static boolean isMeantForServers(String name) {
        return ConfigReader.isMeantForServers(name);
    }

    /** The base of our own URLs without a trailing slash. {@code boundPort} is the port listened on, for {@code http.port = 0}. */
    public String baseUrl(int boundPort) {
        if (!publicUrl.isEmpty()) {
            return publicUrl.endsWith("/") ? publicUrl.substring(0, publicUrl.length() - 1) : publicUrl;
        }
        String host = http.host().equals("0.0.0.0") || http.host().equals("::") ? "localhost" : http.host();
        return "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + boundPort;
    }

    /** The data folder, absolute. */
    public Path dataPath() {
        return Path.of(dataDir).toAbsolutePath().normalize();
    }

    public boolean has(Role role) {
        return roles.contains(role);
    }

    /** Without secrets: settings may end in a log. */
    @Override
    public String toString() {
        return "Config[publicUrl=" + publicUrl + ", dataDir=" + dataDir + ", roles=" + roles + "]";
    }

    /** What a node does. */
    public enum Role {
        /** Serves HTTP and answers the domains' operations. */
        API,
        /** Consumes streams, runs jobs, sends. */
        WORKER
    }

    /** The first administrator, created when the database has no user yet. */
    public record Admin(
            @Pattern(value = "[^@\\s]+@[^@\\s]+", words = "an e-mail address") String email, @Secret String password) {
        @Override
        public String toString() {
            return "Admin[email=" + email + "]";
        }
    }

    /** The listener and the limits of every request. */
    public record Http(
            @Pattern(value = HOST, words = "an address or host name") String host,
            @Range(min = 0, max = 65_535) int port,
            @Range(min = 0, max = 65_535) int managementPort,
            @Range(min = 0, max = 256) int eventLoops,
            @Range(min = 10, max = 100_000) int connections,
            @Range(min = 1, max = 100_000) int connectionsPerAddress,
            @Range(min = 1, max = 3_600) int idleTimeoutSeconds,
            @Range(min = 1_024, max = 104_857_600) int bodyLimitBytes,
            @Range(min = 1_048_576, max = 2_147_483_647) int uploadLimitBytes,
            @Range(min = 10, max = 86_400) int uploadSeconds,
            @Range(min = 1_024, max = 1_048_576) int headersLimitBytes,
            @Range(min = 256, max = 65_536) int urlLimitBytes,
            @Range(min = 1, max = 600) int requestTimeoutSeconds,
            @Range(min = 1, max = 600) int shutdownSeconds,
            @Network List<String> trustedProxies,
            @Pattern(value = "|[A-Za-z0-9-]{1,100}", words = "a header's name, or empty") String countryHeader) {
        public Http {
            trustedProxies = List.copyOf(trustedProxies);
        }

        /** {@link #eventLoops} with 0 replaced by the number of cores. */
        public int instances() {
            return eventLoops == 0 ? Runtime.getRuntime().availableProcessors() : eventLoops;
        }
    }

    /** Requests in flight per class, for the whole node. */
    public record Admission(
            @Range(min = 1, max = 100_000) int ingestInFlight,
            @Range(min = 1, max = 100_000) int sendInFlight,
            @Range(min = 1, max = 100_000) int adminInFlight,
            @Range(min = 1, max = 100_000) int analyticsInFlight,
            @Range(min = 1, max = 1_000) int uploadsInFlight,
            @Range(min = 1, max = 3_600) int retryAfterSeconds) {}

    /** Requests per minute of one credential or address, and how many of these are remembered. */
    public record Rates(
            @Range(min = 1, max = 10_000_000) int apiPerMinute,
            @Range(min = 1, max = 10_000_000) int sendPerMinute,
            @Range(min = 1, max = 10_000_000) int analyticsPerMinute,
            @Range(min = 1, max = 10_000_000) int ingestPerMinute,
            @Range(min = 1, max = 10_000_000) int loginPerMinute,
            @Range(min = 1, max = 10_000_000) int browserPerMinute,
            @Range(min = 1, max = 10_000_000) int refusedPerMinute,
            @Range(min = 1_000, max = 10_000_000) int callers) {}

    /** The database and the pools to it. */
    public record Database(
            @Pattern(
                            value = "|postgres(ql)?://[^\\s/:@]+(:[0-9]{1,5})?/[^\\s/?]+",
                            words = "postgresql://host:port/name without user and password, or empty")
                    String url,
            @Pattern(value = "[^\\s]+", words = "a user name") String user,
            @Secret String password,
            @Range(min = 20, max = 1_000) int embeddedConnections,
            @Range(min = 1, max = 200) int adminPool,
            @Range(min = 1, max = 200) int ingestPool,
            @Range(min = 1, max = 200) int sendPool,
            @Range(min = 1, max = 200) int analyticsPool,
            @Range(min = 1, max = 200) int workerPool,
            @Range(min = 1, max = 100_000) int poolQueue,
            @Range(min = 1, max = 60) int connectTimeoutSeconds,
            @Range(min = 1, max = 60) int acquireTimeoutSeconds,
            @Range(min = 1, max = 3_600) int statementTimeoutSeconds,
            @Range(min = 1, max = 3_600) int idleTransactionSeconds,
            @Range(min = 16, max = 8_192) int statementCache,
            @Range(min = 256, max = 65_536) int statementCacheSqlBytes) {
        /** No own PostgreSQL is named: the embedded one is used. */
        public boolean embedded() {
            return url.isEmpty();
        }

        @Override
        public String toString() {
            return "Database[url=" + url + ", user=" + user + "]";
        }
    }

    /** Several nodes: where this one is reached by the others, and who they are. */
    public record Cluster(
            boolean enabled,
            @Pattern(value = "[A-Za-z0-9._-]{1,64}", words = "a name of letters, digits, dots, dashes") String name,
            @Pattern(value = HOST, words = "an address or host name") String host,
            @Range(min = 1, max = 65_535) int port,
            @Range(min = 1, max = 65_535) int busPort,
            @Pattern(value = "(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+):[0-9]{1,5}", words = "host:port")
                    List<String> members,
            String busCertificate,
            @Secret String busKey,
            String busTrust) {
        public Cluster {
            members = List.copyOf(members);
            var files = List.of(busCertificate, busKey, busTrust);
            if (files.stream().anyMatch(String::isEmpty) != files.stream().allMatch(String::isEmpty)) {
                throw new ConfigException("cluster.busCertificate, cluster.busKey and cluster.busTrust"
                        + " are needed together, or none of them");
            }
            for (var file : files) {
                if (!file.isEmpty() && !Files.isReadable(Path.of(file))) {
                    throw new ConfigException("cluster.bus… names '" + file + "': a readable PEM file is needed");
                }
            }
            if (port == busPort) {
                throw new ConfigException(
                        "cluster.port and cluster.busPort are both " + port + ": two ports are needed");
            }
        }

        /** Nodes show each other certificates, and talk encrypted. */
        public boolean isBusSecured() {
            return !busCertificate.isEmpty();
        }
    }

    /** Tokens, passwords, revocation. */
    public record Security(
            @Range(min = 30, max = 3_600) int accessTokenSeconds,
            @Range(min = 1, max = 365) int refreshTokenDays,
            @Range(min = 0, max = 60) int refreshGraceSeconds,
            @Range(min = 10, max = 3_600) int recentSignInSeconds,
            @Range(min = 50, max = 10_000) int epochPollMillis,
            @Range(min = 100, max = 60_000) int epochStaleMillis,
            @Range(min = 19_456, max = 1_048_576) int passwordMemoryKib,
            @Range(min = 2, max = 100) int passwordIterations,
            @Range(min = 1, max = 16) int passwordParallelism,
            @Range(min = 1, max = 64) int passwordThreads,
            @Range(min = 1, max = 10_000) int passwordQueue,
            @Range(min = 8, max = 128) int passwordLength,
            @Range(min = 1, max = 720) int invitationHours,
            @Range(min = 5, max = 1_440) int resetMinutes,
            @Range(min = 1, max = 100) int loginFailures,
            @Range(min = 1, max = 86_400) int loginDelaySeconds,
            @Range(min = 1, max = 60) int signInMinutes,
            @Range(min = 10, max = 3_600) int signInCodeSeconds,
            @Range(min = 10, max = 86_400) int providerKeysSeconds,
            @Range(min = 1, max = 3_600) int providerPauseSeconds,
            @Range(min = 1, max = 60) int providerTimeoutSeconds) {}

    /** The guarded client for every address that somebody else gave us. */
    public record Outbound(
            @Network List<String> allow,
            boolean plaintext,
            String trustedCertificate,
            @Range(min = 1, max = 60) int connectTimeoutSeconds,
            @Range(min = 1, max = 120) int requestTimeoutSeconds,
            @Range(min = 1_024, max = 10_485_760) int responseLimitBytes,
            @Range(min = 1, max = 64) int connectionsPerOrigin,
            @Range(min = 1, max = 10_000) int streamsPerConnection,
            @Range(min = 1, max = 100_000) int origins) {
        public Outbound {
            allow = List.copyOf(allow);
        }
    }

    /** The server that takes the installation's own mails: invitations, and links to another password. */
    public record Smtp(
            @Secret
                    @Pattern(
                            value = "|smtps?://([^\\s/@:]+(:[^\\s/@]*)?@)?[A-Za-z0-9._-]+(:[0-9]{1,5})?",
                            words = "smtp://user:password@host:port or smtps://…, percent-encoded, or empty")
                    String url,
            @Pattern(value = "|([^<>\\p{Cntrl}]+<)?[^@<>\\s]+@[^@<>\\s]+>?", words = "an e-mail address, or empty")
                    String from,
            @Range(min = 1, max = 300) int timeoutSeconds) {
        public Smtp {
            if (!url.isEmpty() && from.isEmpty()) {
                throw new ConfigException(
                        "smtp.url is set: the sender's address is needed, set smtp.from (FATHI_SMTP_FROM)");
            }
        }

        @Override
        public String toString() {
            return "Smtp[from=" + from + "]";
        }
    }

    /** Who is told when something stays wrong until a person does something about it. */
    public record Alert(
            @Pattern(value = "[^@\\s,<>]+@[^@\\s,<>]+", words = "an e-mail address") List<String> email,
            @Range(min = 1, max = 86_400) int mailSeconds) {
        public Alert {
            email = List.copyOf(email);
        }

        /** There is somebody to write to, and a server that takes it. */
        public boolean isMailed(Smtp smtp) {
            return !email.isEmpty() && !smtp.url().isEmpty();
        }
    }

    /** How we introduce ourselves to push services (RFC 8292). */
    public record Vapid(
            @Pattern(
                            value = "|mailto:[^@\\s]+@[^@\\s]+|https://[^\\s]+",
                            words = "a mailto: or https: address, or empty")
                    String subject,
            @Range(min = 1, max = 24) int tokenHours,
            @Range(min = 1, max = 3_600) int refusedSeconds) {}

    /** Web push messages. */
    public record WebPush(@Range(min = 1, max = 365) int trackTokenDays) {}

    /** Appending to and consuming the streams. */
    public record Stream(
            @Range(min = 1, max = 10_000) int appendEvents,
            @Range(min = 0, max = 1_000) int appendWaitMillis,
            @Range(min = 1, max = 16) int appendsInFlight,
            @Range(min = 1, max = 1_000_000) int appendQueue,
            @Range(min = 1, max = 10_000) int consumeEvents,
            @Range(min = 0, max = 1_000) int restMillis,
            @Range(min = 1, max = 16) int derivers,
            @Range(min = 10, max = 60_000) int pollMillis,
            @Range(min = 2, max = 600) int leaseSeconds) {}

    /** The durable jobs of this node. */
    public record Jobs(
            @Range(min = 1, max = 1_000) int workers,
            @Range(min = 2, max = 3_600) int leaseSeconds,
            @Range(min = 10, max = 60_000) int pollMillis,
            @Range(min = 1, max = 1_000) int attempts,
            @Range(min = 1, max = 600_000) int backoffMillis,
            @Range(min = 1, max = 86_400) int backoffLimitSeconds,
            @Range(min = 1, max = 3_600) int missedSeconds,
            @Range(min = 1, max = 365) int keepDays,
            @Range(min = 1, max = 3_650) int deadKeepDays) {}

    /** From decided messages to results. */
    public record Send(
            @Range(min = 0, max = 256) int threads,
            @Range(min = 1, max = 100) int sliceMillis,
            @Range(min = 1, max = 1_000) int chunkProfiles,
            @Range(min = 1, max = 1_024) int windowMessages,
            @Range(min = 1, max = 1_024) int resultMessages,
            @Range(min = 1, max = 1_000) int resultWaitMillis,
            @Range(min = 1, max = 100) int attempts,
            @Range(min = 1, max = 600_000) int backoffMillis,
            @Range(min = 1, max = 86_400) int backoffLimitSeconds,
            @Range(min = 1, max = 168) int retryAfterLimitHours) {
        /** {@link #threads} with 0 replaced by the number of cores. */
        public int poolSize() {
            return threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
        }
    }

    /** When people react to messages, learned of the ledger. */
    public record BestTime(
            @Range(min = 24, max = 168) int learnAfterHours, @Range(min = 100, max = 10_000) int batchPeople) {}

    /** The workspaces' own services that are asked before messages leave. */
    public record DecisionService(
            @Range(min = 50, max = 5_000) int timeoutMillis,
            @Range(min = 1, max = 1_000) int people,
            @Range(min = 1_024, max = 4_194_304) int answerLimitBytes,
            @Range(min = 1, max = 64) int connections,
            @Range(min = 10, max = 5_000) int slowMillis,
            @Range(min = 1, max = 1_000) int windowQuestions,
            @Range(min = 1, max = 1_000) int leastQuestions,
            @Range(min = 1, max = 100) int failedPercent,
            @Range(min = 1, max = 100) int slowPercent,
            @Range(min = 1, max = 3_600) int pauseSeconds,
            @Range(min = 1, max = 3_600) int pauseLimitSeconds) {}

    /** What arrives, shown at once to who listens. */
    public record Live(
            @Range(min = 1, max = 1_000) int listeners,
            @Range(min = 10, max = 10_000) int events,
            @Range(min = 1, max = 10_000) int eventsPerSecond) {}

    /** Bounds of traits that are computed of what people do. */
    public record Traits(@Range(min = 0, max = 1_000) int computedPerWorkspace) {}

    /** How long it is known how many people were in segments, and how much of who is in them is kept at hand. */
    public record Segments(
            @Range(min = 1, max = 3_650) int historyHourlyDays,
            @Range(min = 1, max = 3_650) int historyDays,
            @Range(min = 0, max = 1_000) int countMillis,
            @Range(min = 0, max = 1_073_741_824) int cacheBytes) {}

    /** Bounds of one template's render. */
    public record Render(
            @Range(min = 256, max = 1_048_576) int sizeLimitBytes,
            @Range(min = 1, max = 10_000) int timeLimitMillis,
            @Range(min = 1, max = 1_000_000) int iterations) {}

    /** Bounds of pictures that are uploaded, and of what is kept to serve them. */
    public record Images(
            @Range(min = 65_536, max = 67_108_864) int uploadLimitBytes,
            @Range(min = 10_000, max = 200_000_000) int pixelsLimit,
            @Range(min = 1, max = 100_000) int perWorkspace,
            @Range(min = 0, max = 1_073_741_824) int cacheBytes) {}

    /** Stored answers for repeated keys. */
    public record Idempotency(@Range(min = 1, max = 720) int keepHours) {}

    /** The audit trail. */
    public record Audit(@Range(min = 30, max = 36_500) int keepDays, @Range(min = 50, max = 60_000) int chainMillis) {}

    /** How long what is kept by nobody else's setting, and what workspaces may shorten. */
    public record Retention(
            @Range(min = 1, max = 3_650) int eventsDays,
            @Range(min = 1, max = 3_650) int messagesDays,
            @Range(min = 30, max = 36_500) int auditLeastDays,
            @Range(min = 100, max = 100_000) int batchRows) {}

    /** What {@code scripts/fathi backup} seals with. */
    public record Backup(
            @Secret @Pattern(value = "|.{12,1024}", words = "at least 12 characters, or empty") String passphrase) {
        @Override
        public String toString() {
            return "Backup[]";
        }
    }

    /** Where errors are told besides the log. */
    public record Sentry(
            @Secret
                    @Pattern(
                            value = "|https?://[A-Za-z0-9]+(:[A-Za-z0-9]*)?@" + HOST + "(/[A-Za-z0-9._~-]+)*/[0-9]+",
                            words = "a DSN as Sentry shows it, https://<key>@<host>/<project>, or empty")
                    String dsn,
            @Pattern(value = "[A-Za-z0-9._-]{1,64}", words = "1 to 64 letters, digits, dots, dashes or underscores")
                    String environment,
            @Range(min = 1, max = 10_000) int eventsPerMinute,
            @Range(min = 1, max = 60) int timeoutSeconds) {
        @Override
        public String toString() {
            return "Sentry[environment=" + environment + "]";
        }
    }

    /** Where and how lines are logged. */
    public record Logging(
            Format format,
            Level level,
            boolean console,
            @Pattern(value = ".+", words = "a folder") String dir,
            @Range(min = 1, max = 20) int files,
            @Range(min = 1, max = 10_000) int fileSizeMegabytes,
            @Range(min = 50, max = 60_000) int blockedMillis) {
        /** Lines for people or for collectors. */
        public enum Format {
            TEXT,
            JSON
        }

        /** The least severe line that is written. */
        public enum Level {
            ERROR,
            WARN,
            INFO,
            DEBUG,
            TRACE
        }
    }
}
