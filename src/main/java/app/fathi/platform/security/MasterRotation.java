package app.fathi.platform.security;

import app.fathi.platform.audit.OperatorAudit;
import app.fathi.platform.config.Config;
import app.fathi.platform.config.StartException;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.IntConsumer;

/**
 * Another master key, over JDBC. The key seals few things itself ({@link #SEALED}); all secrets are sealed with the data keys of
 * their workspaces, which stay what they are and are wrapped anew. Between the first step and the last the key before and the key
 * after both open the database, so that nodes can be started anew one by one. Each step happens wholly or not at all, and which
 * one comes next is read from what there is: who is killed just begins again.
 */
public final class MasterRotation {
    /** All that the master key seals itself, as table.column. A test holds it complete. */
    static final List<String> SEALED = List.of(
            "secret_data_key.wrapped",
            "secret_master.known",
            "secret_master.next_before",
            "secret_master.next_known",
            "secret_master.root");

    /** A node that was not heard of for so long is gone. */
    private static final int ALIVE_SECONDS = 30;

    private static final int PROGRESS = 1_000;
    private static final DateTimeFormatter ASIDE =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

    private final Config config;

    public MasterRotation(Config config) {
        this.config = config;
    }

    /** What comes next. */
    public enum Step {
        /** A new key is made and written to {@link #nextFile}. */
        MAKE,
        /** From then on both keys open the database. */
        BEGIN,
        /** The new key's file takes the place of the other, which is put aside. */
        SWAP,
        /** Somebody else's turn: the key is in the environment, which has to be changed, and the nodes started with it. */
        SET_ENVIRONMENT,
        /** Somebody else's turn: nodes run that were started with the key before. */
        RESTART_NODES,
        /** All that was sealed with the key before is sealed with the new one. */
        FINISH,
        /** Only the new key's file is left over. */
        TIDY
    }

    /** Fails with one line for a key that does not open the database. */
    public Step next(Connection tx) throws SQLException {
        var sealed = kept(tx).orElseThrow(() ->
                new StartException("no server has ever started on this database: there is no key to change"));
        var text = text();
        var key = MasterKey.decode(text, MasterKey.source(config));
        if (sealed.open(key).isEmpty()) {
            throw new StartException("the master key of " + MasterKey.source(config)
                    + " is not the one that this database was sealed with: set the right one (FATHI_MASTER_KEY)");
        }
        var next = nextText();
        if (sealed.isNext(key)) {
            return others(tx, key).isEmpty() ? Step.FINISH : Step.RESTART_NODES;
        }
        if (next.isEmpty()) {
            return Step.MAKE;
        }
        if (next.get().equals(text)) {
            return Step.TIDY;
        }
        if (!sealed.isNext(MasterKey.decode(next.get(), nextFile().toString()))) {
            return Step.BEGIN;
        }
        return config.masterKey().isEmpty() ? Step.SWAP : Step.SET_ENVIRONMENT;
    }

    /** Where the new key lies until it is in its place. */
    public Path nextFile() {
        var file = MasterKey.file(config);
        return file.resolveSibling(file.getFileName() + ".next");
    }

    private Optional<String> nextText() {
        try {
            return Optional.of(
                    Files.readString(nextFile(), StandardCharsets.US_ASCII).strip());
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new StartException(nextFile() + " cannot be read: " + e.getMessage());
        }
    }

    private String text() {
        return MasterKey.text(config)
                .orElseThrow(() -> new StartException(
                        "the master key is missing: set FATHI_MASTER_KEY or put back " + MasterKey.file(config)));
    }

    private MasterKey key() {
        return MasterKey.decode(text(), MasterKey.source(config));
    }

    private static Optional<SealedMaster> kept(Connection connection) throws SQLException {
        return MasterStore.kept(connection);
    }

    public void make() {
        MasterKey.write(nextFile(), MasterKey.make());
    }

    /** In the caller's transaction. */
    public void begin(Connection tx) throws SQLException {
        var key = key();
        var sealed = MasterStore.lock(tx);
        if (sealed.isChanging() && !others(tx, key).isEmpty()) {
            throw new StartException("the key is being changed already, and nodes run with the new one: "
                    + String.join(", ", others(tx, key)) + ". Put that key into " + nextFile()
                    + ", or stop these nodes to begin anew");
        }
        var next = MasterKey.decode(nextText().orElseThrow(), nextFile().toString());
        MasterStore.begin(tx, next.sealKnown(), next.seal(SealedMaster.BEFORE_PLACE, key.octets()));
        OperatorAudit.record(
                tx, OperatorAudit.FIRST_WORKSPACE, "master-key.begin", "master-key", next.fingerprint(), null, null);
    }

    /** @return where the key before lies now */
    public Path swap() {
        var file = MasterKey.file(config);
        var aside = file.resolveSibling(file.getFileName() + ".before-" + ASIDE.format(Instant.now()));
        try {
            Files.deleteIfExists(aside);
            // A second name of the same file first: at no moment there is none.
            Files.createLink(aside, file);
            Files.move(nextFile(), file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            MasterKey.onDisk(file.getParent());
            return aside;
        } catch (IOException e) {
            throw new UncheckedIOException("The master key " + file + " cannot be replaced", e);
        }
    }

    /** Nodes that run with another key than the configured one. */
    public List<String> others(Connection connection) throws SQLException {
        return others(connection, key());
    }

    private static List<String> others(Connection connection, MasterKey key) throws SQLException {
        return MasterStore.nodesWithout(connection, key.fingerprint(), ALIVE_SECONDS);
    }

    /**
     * Seals all of it with the new key, which has to be the configured one, in the caller's transaction.
     *
     * @param progress hears now and then how many data keys are done
     * @return how many there were
     */
    public int finish(Connection tx, IntConsumer progress) throws SQLException {
        var sealed = MasterStore.lock(tx);
        var opened = sealed.open(key()).orElseThrow();
        var wrapped = MasterStore.dataKeys(tx);
        var anew = new ArrayList<MasterStore.DataKey>(wrapped.size());
        for (var one : wrapped) {
            anew.add(new MasterStore.DataKey(
                    one.ws(),
                    one.version(),
                    again(opened, Secrets.wrappedPlace(one.ws(), one.version()), one.wrapped())));
            if (anew.size() % PROGRESS == 0) {
                progress.accept(anew.size());
            }
        }
        MasterStore.rewrap(tx, anew);
        MasterStore.finish(
                tx, opened.own().seal(SealedMaster.ROOT_PLACE, opened.root().octets()));
        OperatorAudit.record(
                tx,
                OperatorAudit.FIRST_WORKSPACE,
                "master-key.rotate",
                "master-key",
                opened.own().fingerprint(),
                null,
                new JsonObject().put("dataKeys", anew.size()));
        return anew.size();
    }

    /** Nothing is given away that does not open with the new key. */
    private static byte[] again(SealedMaster.Opened opened, String place, byte[] wrapped) {
        var plain = opened.inForce().open(place, wrapped);
        var sealed = opened.own().seal(place, plain);
        if (!Arrays.equals(plain, opened.own().open(place, sealed))) {
            throw new IllegalStateException("What was sealed anew at " + place + " does not open");
        }
        return sealed;
    }

    /** The new key's file, once the key is where it belongs. */
    public void tidy() {
        try {
            if (nextText().filter(text()::equals).isPresent()) {
                Files.delete(nextFile());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(nextFile() + " cannot be removed", e);
        }
    }
}
