package app.fathi.webpush;

import app.fathi.cdp.Profiles;
import app.fathi.cdp.Profiles.Called;
import app.fathi.cdp.Profiles.Reached;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.db.Uploads;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.imports.ImportFormat;
import app.fathi.platform.imports.RowCutter;
import app.fathi.platform.jobs.Job;
import app.fathi.platform.jobs.JobHandler;
import app.fathi.platform.jobs.JobOutcome;
import app.fathi.platform.jobs.Lane;
import app.fathi.platform.jobs.Lease;
import app.fathi.platform.jobs.NewJob;
import app.fathi.platform.logging.Thrown;
import app.fathi.platform.outbound.OutboundGuard;
import app.fathi.platform.security.Secrets;
import app.fathi.platform.security.WorkspaceKey;
import app.fathi.platform.stream.Outbox;
import app.fathi.platform.stream.StreamRecord;
import app.fathi.webpush.SubscriptionsStore.Imported;
import app.fathi.webpush.SubscriptionsStore.Owner;
import app.fathi.webpush.SubscriptionsStore.Present;
import app.fathi.webpush.imports.ImportedRow;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads a file of subscriptions: the job {@code webpush.importSubscriptions}. A thousand rows at a time become one
 * transaction together with how far the file was read, so a crash repeats and loses nothing; the people that they need are
 * made before it, in a short transaction of their own, because others who make people wait for that one.
 */
final class ImportJob implements JobHandler {
    static final String TYPE = "webpush.importSubscriptions";

    private static final int BATCH = 1_000;
    /** Of one import; further faulty rows are counted only. */
    private static final int FAULTS_KEPT = 1_000;

    private static final int SECRET_OCTETS = 32;
    private static final int VISITOR_OCTETS = 16;
    private static final SecureRandom RANDOM = new SecureRandom();

    private static final Logger LOG = LoggerFactory.getLogger(ImportJob.class);

    private final Transactions transactions;
    private final ImportsStore imports;
    private final SubscriptionsStore subscriptions;
    private final PushKeys keys;
    private final Profiles profiles;
    private final Uploads uploads;
    private final Secrets secrets;
    private final OutboundGuard guard;

    ImportJob(
            Transactions transactions,
            ImportsStore imports,
            SubscriptionsStore subscriptions,
            PushKeys keys,
            Profiles profiles,
            Uploads uploads,
            Secrets secrets,
            OutboundGuard guard) {
        this.transactions = transactions;
        this.imports = imports;
        this.subscriptions = subscriptions;
        this.keys = keys;
        this.profiles = profiles;
        this.uploads = uploads;
        this.secrets = secrets;
        this.guard = guard;
    }

    static NewJob of(int ws, UUID importId) {
        return new NewJob(ws, TYPE, Lane.MAINTENANCE, importId.toString(), payload(importId), Instant.now());
    }

    private static JsonObject payload(UUID importId) {
        return new JsonObject().put("importId", importId.toString());
    }

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public JobOutcome run(Job job, Lease lease) {
        var id = UUID.fromString(job.payload().getString("importId"));
        var found = imports.find(transactions.pool(), job.ws(), id).await();
        if (found.isEmpty() || found.get().state().isOver()) {
            return JobOutcome.done();
        }
        if (job.payload().getBoolean("died", false)) {
            end(
                    job,
                    lease,
                    found.get(),
                    Import.State.FAILED,
                    "It could not be read to its end. The server's log says why.");
            return JobOutcome.done();
        }
        var reading = new Reading(job, lease, found.get());
        try {
            reading.run();
        } catch (UnreadableException e) {
            end(job, lease, found.get(), Import.State.FAILED, e.getMessage());
            return JobOutcome.done();
        }
        if (lease.cancelled()) {
            end(job, lease, found.get(), Import.State.CANCELLED, null);
            return JobOutcome.cancelled();
        }
        if (reading.halted) {
            return JobOutcome.again(Instant.now());
        }
        countAnew();
        end(job, lease, found.get(), Import.State.COMPLETED, null);
        return JobOutcome.done();
    }

    /**
     * The database finds out by itself only minutes later how many there are now, and until then looks for people as if there were
     * a few: whoever launches something to all of an import would wait in vain.
     */
    private void countAnew() {
        var pool = transactions.pool();
        try {
            subscriptions
                    .countAnew(pool)
                    .compose(done -> profiles.countAnew(pool))
                    .await();
        } catch (RuntimeException e) {
            LOG.info("How many there are is not counted anew: {}", Thrown.text(e));
        }
    }

    private void end(Job job, Lease lease, Import file, Import.State state, String reason) {
        transactions
                .run(tx -> lease.hold(tx)
                        .compose(held -> imports.finish(tx, job.ws(), file.id(), state, reason))
                        .compose(done -> uploads.delete(tx, job.ws(), file.upload())))
                .await();
    }

    @Override
    public boolean settles() {
        return true;
    }

    @Override
    public List<NewJob> afterDeath(Job job) {
        return job.payload().getBoolean("died", false)
                ? List.of()
                : List.of(new NewJob(
                        job.ws(),
                        TYPE,
                        job.lane(),
                        job.key() + "/died",
                        job.payload().copy().put("died", true),
                        Instant.now()));
    }

    @Override
    public JsonObject describe(JsonObject payload) {
        return new JsonObject().put("importId", payload.getString("importId"));
    }

    /** Nothing in the file can be read. The message is for people. */
    private static final class UnreadableException extends RuntimeException {
        UnreadableException(String message) {
            super(message, null, false, false);
        }
    }

    /** One run over the file, from where the one before ended. */
    private final class Reading {
        private final Job job;
        private final Lease lease;
        private final Import file;
        private final Map<Buffer, ImportedRow> batch = new LinkedHashMap<>();
        private final List<ImportsStore.Fault> faults = new ArrayList<>();
        private ImportedRow.Reader reader;
        private long position;
        private long line;
        private int rows;
        private long repeated;
        private long over;
        /** Of all runs over the file. */
        private long faulty;
        /** Those of them that are written already. */
        private long reported;

        private boolean halted;

        Reading(Job job, Lease lease, Import file) {
            this.job = job;
            this.lease = lease;
            this.file = file;
            this.position = file.position();
            this.line = file.line();
            this.faulty = file.counts().faulty();
            this.reported = faulty;
            if (file.format() == ImportFormat.NDJSON) {
                reader = ImportedRow.ndjson();
            } else if (file.header() != null) {
                reader = ImportedRow.csv(file.header());
            }
        }

        void run() {
            halt();
            var cutter = new RowCutter(file.format() == ImportFormat.CSV, position, line, this::row);
            int part = (int) (position / Uploads.PART_OCTETS);
            int from = (int) (position % Uploads.PART_OCTETS);
            while (!halted && (long) part * Uploads.PART_OCTETS < file.octets()) {
                var content = uploads.part(transactions.pool(), job.ws(), file.upload(), part)
                        .await()
                        .orElseThrow(() -> new UnreadableException("The uploaded file is gone. Send it again."))
                        .getBytes();
                cutter.feed(from == 0 ? content : Arrays.copyOfRange(content, from, content.length));
                from = 0;
                part++;
            }
            if (!halted) {
                cutter.end();
            }
            if (!halted) {
                write();
            }
        }

        private void row(RowCutter.Row row) {
            if (halted) {
                return;
            }
            boolean isBlank = row.fault() == null && new String(row.octets(), StandardCharsets.ISO_8859_1).isBlank();
            if (!isBlank && reader == null) {
                header(row);
                return;
            }
            position = row.nextPosition();
            line = row.nextLine();
            if (isBlank) {
                return;
            }
            try {
                if (row.fault() != null) {
                    throw new IllegalArgumentException(row.fault());
                }
                take(reader.read(row.octets()));
            } catch (IllegalArgumentException e) {
                if (faulty < FAULTS_KEPT) {
                    faults.add(new ImportsStore.Fault(row.line(), sentence(e.getMessage())));
                }
                faulty++;
            }
            if (++rows == BATCH) {
                write();
                halt();
            }
        }

        private void header(RowCutter.Row row) {
            try {
                if (row.fault() != null) {
                    throw new IllegalArgumentException(row.fault());
                }
                var header = ImportedRow.header(row.octets());
                reader = ImportedRow.csv(header);
                position = row.nextPosition();
                line = row.nextLine();
                transactions
                        .run(tx -> lease.hold(tx)
                                .compose(held -> imports.writeHeader(tx, job.ws(), file.id(), header, position, line)))
                        .await();
            } catch (IllegalArgumentException e) {
                throw new UnreadableException("The first row is no header that could be read: " + e.getMessage() + ".");
            }
        }

        private void take(ImportedRow row) {
            if (row.over()) {
                over++;
                return;
            }
            try {
                guard.requireAllowedUrl("/endpoint", row.endpoint());
            } catch (ProblemException e) {
                throw new IllegalArgumentException(
                        "the endpoint cannot be taken: " + e.problem().detail(), e);
            }
            if (batch.put(Buffer.buffer(SubscriptionsService.hash(row.endpoint().toString())), row) != null) {
                repeated++;
            }
        }

        private void halt() {
            halted |= lease.stopping() || lease.cancelled();
        }

        private void write() {
            var looked = subscriptions
                    .lookAtPresent(transactions.pool(), job.ws(), batch.keySet())
                    .await();
            forgetErased();
            var ids = looked.values().stream().map(Present::id).sorted().toList();
            var called = new HashSet<Called>();
            batch.forEach((hash, row) -> {
                var present = looked.get(hash);
                if (present == null || (row.userId() != null && present.imported())) {
                    called.add(called(hash, row));
                }
            });
            var people = called.isEmpty()
                    ? Map.<Called, Reached>of()
                    : transactions
                            .run(tx -> profiles.reachAll(tx, job.ws(), called))
                            .await();
            transactions
                    .run(tx -> lease.hold(tx)
                            .compose(held -> bind(tx))
                            .compose(bound -> secrets.workspaceKey(tx, job.ws()))
                            .compose(key -> subscriptions
                                    .lockPresent(tx, job.ws(), ids)
                                    .compose(present -> write(tx, new Sorted(key, present, people)))))
                    .await();
            lease.progress(position, file.octets(), null);
            batch.clear();
            faults.clear();
            rows = 0;
            repeated = 0;
            over = 0;
            reported = faulty;
        }

        /** Who was erased does not come again by a file. */
        private void forgetErased() {
            var all = new HashSet<Called>();
            batch.forEach((hash, row) -> all.add(called(hash, row)));
            var erased = profiles.erased(transactions.pool(), job.ws(), all).await();
            int before = batch.size();
            batch.entrySet().removeIf(entry -> erased.contains(called(entry.getKey(), entry.getValue())));
            faulty += before - batch.size();
        }

        private Future<UUID> bind(SqlConnection tx) {
            return keys.bind(tx, job.ws(), file.keyId()).recover(failure -> {
                if (failure instanceof ProblemException) {
                    throw new UnreadableException("The push key was retired before the file was read to its end.");
                }
                return Future.failedFuture(failure);
            });
        }

        private Future<Void> write(SqlConnection tx, Sorted sorted) {
            return subscriptions.insertImported(tx, job.ws(), sorted.fresh).compose(created -> subscriptions
                    .updateImported(tx, job.ws(), sorted.changed)
                    .compose(updated -> told(tx, created))
                    .compose(done -> traits(tx, sorted.withTraits))
                    .compose(done -> imports.writeFaults(tx, file.id(), faults))
                    .compose(done -> imports.advance(
                            tx,
                            job.ws(),
                            file.id(),
                            position,
                            line,
                            new Import.Counts(
                                    created.size(),
                                    sorted.changed.size(),
                                    sorted.unchanged + sorted.fresh.size() - created.size() + repeated,
                                    sorted.ended + over,
                                    faulty - reported))));
        }

        private Future<Void> told(SqlConnection tx, List<UUID> created) {
            return created.isEmpty()
                    ? Future.succeededFuture()
                    : Outbox.write(
                            tx,
                            "facts",
                            created.stream()
                                    .map(id -> new StreamRecord(
                                            job.ws(),
                                            id.toString(),
                                            "subscription.created",
                                            new JsonObject()
                                                    .put("subscriptionId", id.toString())
                                                    .put("imported", true)))
                                    .toList());
        }

        /** What the file knows of people goes the way of everything that is told of them. */
        private Future<Void> traits(SqlConnection tx, Map<Buffer, ImportedRow> rows) {
            return rows.isEmpty()
                    ? Future.succeededFuture()
                    : Outbox.write(
                            tx,
                            "ingest",
                            rows.entrySet().stream()
                                    .map(entry -> identify(entry.getKey(), entry.getValue()))
                                    .toList());
        }

        private StreamRecord identify(Buffer hash, ImportedRow row) {
            var called = called(hash, row);
            var at = row.lastSeenAt() == null ? file.createdAt() : row.lastSeenAt();
            return new StreamRecord(
                    job.ws(),
                    called.id(),
                    "identify",
                    new JsonObject()
                            .put("type", "identify")
                            .put(called.known() ? "userId" : "anonymousId", called.id())
                            .put("traits", row.traits())
                            .put("messageId", "import:" + file.id() + ":" + hex(hash))
                            .put("verified", true)
                            .put("at", at.toInstant().toString())
                            .put("receivedAt", file.createdAt().toInstant().toString()));
        }

        /** What is to be done with each row of the batch. */
        private final class Sorted {
            private final WorkspaceKey key;
            private final Map<Called, Reached> people;
            private final List<Imported> fresh = new ArrayList<>();
            private final List<Imported> changed = new ArrayList<>();
            private final Map<Buffer, ImportedRow> withTraits = new LinkedHashMap<>();
            private long unchanged;
            private long ended;

            Sorted(WorkspaceKey key, Map<Buffer, Present> present, Map<Called, Reached> people) {
                this.key = key;
                this.people = people;
                batch.forEach((hash, row) -> {
                    var known = present.get(hash);
                    if (known == null) {
                        fresh.add(fresh(hash, row));
                    } else if (!known.status().equals("active")) {
                        ended++; // the person or the push service has ended it: a file brings nobody back
                        return;
                    } else if (!known.imported()) {
                        unchanged++; // its browser knows better than any file
                        return;
                    } else {
                        var merged = merged(hash, row, known);
                        if (merged == null) {
                            unchanged++;
                        } else {
                            changed.add(merged);
                        }
                    }
                    if (row.traits() != null) {
                        withTraits.put(hash, row);
                    }
                });
            }

            private Imported fresh(Buffer hash, ImportedRow row) {
                var id = UuidCreator.getTimeOrderedEpoch();
                var secret = new byte[SECRET_OCTETS]; // the hash of no secret: the browser gets one when it comes
                RANDOM.nextBytes(secret);
                return new Imported(
                        id,
                        Owner.of(people.get(called(hash, row))),
                        file.keyId(),
                        hash.getBytes(),
                        SubscriptionsStore.origin(row.endpoint()),
                        sealed(id, row),
                        secret,
                        row.language(),
                        row.timezone(),
                        row.site(),
                        row.userAgent(),
                        row.createdAt(),
                        row.lastSeenAt());
            }

            /** Null when there is nothing new. */
            private Imported merged(Buffer hash, ImportedRow row, Present known) {
                var address = PushAddress.decode(
                        known.id(),
                        known.profileNo(),
                        known.keyId(),
                        null,
                        key.open(SubscriptionsStore.place(known.id()), known.address()));
                boolean sameKeys = address.keys().equals(row.keys());
                var merged = new Imported(
                        known.id(),
                        row.userId() != null && people.containsKey(called(hash, row))
                                ? Owner.of(people.get(called(hash, row)))
                                : new Owner(known.profileNo(), null),
                        file.keyId(),
                        hash.getBytes(),
                        SubscriptionsStore.origin(row.endpoint()),
                        sameKeys ? known.address() : sealed(known.id(), row),
                        new byte[0],
                        either(row.language(), known.language()),
                        either(row.timezone(), known.timezone()),
                        either(row.site(), known.site()),
                        either(row.userAgent(), known.userAgent()),
                        null,
                        row.lastSeenAt());
                boolean same = sameKeys
                        && merged.owner().profileNo() == known.profileNo()
                        && merged.keyId().equals(known.keyId())
                        && Objects.equals(merged.language(), known.language())
                        && Objects.equals(merged.timezone(), known.timezone())
                        && Objects.equals(merged.site(), known.site())
                        && Objects.equals(merged.userAgent(), known.userAgent())
                        && !isLater(row.lastSeenAt(), known.lastSeenAt());
                return same ? null : merged;
            }

            private byte[] sealed(UUID id, ImportedRow row) {
                return key.seal(SubscriptionsStore.place(id), PushAddress.encode(row.endpoint(), row.keys()));
            }
        }
    }

    private static boolean isLater(OffsetDateTime told, OffsetDateTime known) {
        return told != null && told.isAfter(known);
    }

    private static <T> T either(T told, T known) {
        return told == null ? known : told;
    }

    /** By whom nobody has named, the address itself is called: the same one again, should the file be read again. */
    private static Called called(Buffer hash, ImportedRow row) {
        if (row.userId() != null) {
            return new Called(true, row.userId());
        }
        return new Called(false, row.anonymousId() != null ? row.anonymousId() : "endpoint:" + hex(hash));
    }

    private static String hex(Buffer hash) {
        return HexFormat.of().formatHex(hash.getBytes(), 0, VISITOR_OCTETS);
    }

    private static String sentence(String words) {
        return words.endsWith(".") ? words : words + ".";
    }
}
