package app.fathi.segments;

import app.fathi.cdp.Profiles;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.db.Uploads;
import app.fathi.platform.imports.ImportFormat;
import app.fathi.platform.imports.RowCutter;
import app.fathi.platform.imports.RowText;
import app.fathi.platform.jobs.Job;
import app.fathi.platform.jobs.JobHandler;
import app.fathi.platform.jobs.JobOutcome;
import app.fathi.platform.jobs.Lane;
import app.fathi.platform.jobs.Lease;
import app.fathi.platform.jobs.NewJob;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * Reads a file of people into a static segment: the job {@code segments.importMembers}. A thousand rows at a time become one
 * transaction together with how far the file was read, so a crash repeats and loses nothing. Whom a file is to replace leaves
 * when all of it was read: nobody who is in both is out of the segment for a moment.
 */
public final class ImportJob implements JobHandler {
    static final String TYPE = "segments.importMembers";

    private static final int BATCH = 1_000;
    /** Of one import; further rows that could not be taken are counted only. */
    private static final int FAULTS_KEPT = 1_000;

    private static final String DIED = "died";

    private final Transactions transactions;
    private final Profiles profiles;
    private final Uploads uploads;
    private final ImportsStore imports = new ImportsStore();
    private final StaticMembers members = new StaticMembers();

    public ImportJob(Transactions transactions, Profiles profiles, Uploads uploads) {
        this.transactions = transactions;
        this.profiles = profiles;
        this.uploads = uploads;
    }

    static NewJob of(int ws, Import file) {
        return new NewJob(
                ws,
                TYPE,
                Lane.MAINTENANCE,
                file.id().toString(),
                new JsonObject()
                        .put("importId", file.id().toString())
                        .put("upload", file.upload().toString()),
                Instant.now());
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
            // Its segment was deleted, and the import with it.
            uploads.delete(
                            transactions.pool(),
                            job.ws(),
                            UUID.fromString(job.payload().getString("upload")))
                    .await();
            return JobOutcome.done();
        }
        var file = found.get();
        if (job.payload().getBoolean(DIED, false)) {
            end(job, lease, file, Import.State.FAILED, "It could not be read to its end. The server's log says why.");
            return JobOutcome.done();
        }
        var reading = new Reading(job, lease, file);
        try {
            reading.run();
            if (!reading.halted && file.mode() == Import.Mode.REPLACE) {
                reading.takeOutOthers();
            }
        } catch (UnreadableException e) {
            end(job, lease, file, Import.State.FAILED, e.getMessage());
            return JobOutcome.done();
        }
        if (lease.cancelled()) {
            end(job, lease, file, Import.State.CANCELLED, null);
            return JobOutcome.cancelled();
        }
        if (reading.halted) {
            return JobOutcome.again(Instant.now());
        }
        end(job, lease, file, Import.State.COMPLETED, null);
        return JobOutcome.done();
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
        return job.payload().getBoolean(DIED, false)
                ? List.of()
                : List.of(new NewJob(
                        job.ws(),
                        TYPE,
                        job.lane(),
                        job.key() + "/" + DIED,
                        job.payload().copy().put(DIED, true),
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

    private record Named(long line, ImportedMember member) {}

    /** One run over the file, from where the one before ended. */
    private final class Reading {
        private final Job job;
        private final Lease lease;
        private final Import file;
        private final List<Named> batch = new ArrayList<>();
        private final List<ImportsStore.Fault> faults = new ArrayList<>();
        private ImportedMember.Reader reader;
        private long position;
        private long line;
        /** Of the batch. */
        private long faulty;

        private int rows;
        /** Rows of all runs over the file that could not be taken. */
        private long told;

        private boolean halted;

        Reading(Job job, Lease lease, Import file) {
            this.job = job;
            this.lease = lease;
            this.file = file;
            this.position = file.position();
            this.line = file.line();
            this.told = file.counts().faulty() + file.counts().unknown();
            if (file.format() == ImportFormat.NDJSON) {
                reader = ImportedMember.ndjson();
            } else if (file.header() != null) {
                reader = ImportedMember.csv(file.header());
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
                batch.add(new Named(row.line(), reader.read(octets(row))));
            } catch (IllegalArgumentException e) {
                tell(row.line(), e.getMessage());
                faulty++;
            }
            if (++rows == BATCH) {
                write();
                halt();
            }
        }

        private byte[] octets(RowCutter.Row row) {
            if (row.fault() != null) {
                throw new IllegalArgumentException(row.fault());
            }
            return row.octets();
        }

        private void tell(long atLine, String what) {
            if (told++ < FAULTS_KEPT) {
                faults.add(new ImportsStore.Fault(atLine, what.endsWith(".") ? what : what + "."));
            }
        }

        private void header(RowCutter.Row row) {
            try {
                var header = RowText.fields(RowText.of(octets(row)));
                reader = ImportedMember.csv(header);
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

        private void halt() {
            halted |= lease.stopping() || lease.cancelled();
        }

        private void write() {
            var people = people();
            long known = batch.size() - unknown(people);
            var named = people.stream().filter(Objects::nonNull).collect(Collectors.toCollection(TreeSet::new));
            transactions
                    .run(tx -> lease.hold(tx)
                            .compose(held -> named.isEmpty()
                                    ? Future.succeededFuture(0)
                                    : members.put(tx, job.ws(), file.segment(), named))
                            .compose(added -> (file.mode() == Import.Mode.REPLACE
                                            ? imports.name(tx, file.id(), named)
                                            : Future.<Void>succeededFuture())
                                    .compose(done -> imports.writeFaults(tx, file.id(), faults))
                                    .compose(done -> imports.advance(
                                            tx,
                                            job.ws(),
                                            file.id(),
                                            position,
                                            line,
                                            new Import.Counts(added, known - added, batch.size() - known, faulty, 0)))))
                    .await();
            lease.progress(position, file.octets(), null);
            batch.clear();
            faults.clear();
            faulty = 0;
            rows = 0;
        }

        /** Of each row of the batch; null of who is not known. */
        private List<Integer> people() {
            var ids = batch.stream()
                    .map(row -> row.member.id())
                    .filter(Objects::nonNull)
                    .toList();
            var users = batch.stream()
                    .map(row -> row.member.userId())
                    .filter(Objects::nonNull)
                    .toList();
            var byId = profiles.numbersByIds(transactions.pool(), job.ws(), ids).await();
            var byUser = profiles.numbersByUserIds(transactions.pool(), job.ws(), users)
                    .await();
            var people = new ArrayList<Integer>();
            batch.forEach(row ->
                    people.add(row.member.id() != null ? byId.get(row.member.id()) : byUser.get(row.member.userId())));
            return people;
        }

        private long unknown(List<Integer> people) {
            long unknown = 0;
            for (int i = 0; i < people.size(); i++) {
                if (people.get(i) == null) {
                    tell(
                            batch.get(i).line,
                            "Nobody has this " + (batch.get(i).member.id() == null ? "userId" : "id"));
                    unknown++;
                }
            }
            return unknown;
        }

        /** Who is in the segment and whom the file does not name; of a file that names nobody, nobody. */
        void takeOutOthers() {
            if (!imports.namesAnybody(transactions.pool(), file.id()).await()) {
                throw new UnreadableException("It names nobody who is known, so everybody stays in the segment.");
            }
            int after = Integer.MIN_VALUE;
            while (true) {
                halt();
                if (halted) {
                    return;
                }
                var others = imports.others(transactions.pool(), job.ws(), file, after, BATCH)
                        .await();
                if (!others.people().isEmpty()) {
                    transactions
                            .run(tx -> lease.hold(tx)
                                    .compose(held -> members.take(tx, job.ws(), file.segment(), others.people()))
                                    .compose(removed -> imports.advance(
                                            tx,
                                            job.ws(),
                                            file.id(),
                                            position,
                                            line,
                                            new Import.Counts(0, 0, 0, 0, removed))))
                            .await();
                }
                if (others.looked() < BATCH) {
                    return;
                }
                after = others.last();
            }
        }
    }
}
