package app.fathi.tool;

import app.fathi.platform.config.StartException;
import app.fathi.platform.security.SealedException;
import app.fathi.platform.security.SealedInput;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Opens what left with a passphrase on it. */
@Command(
        name = "open",
        description = "Opens a sealed file, such as an export of subscriptions, into another file. The passphrase is"
                + " FATHI_BACKUP_PASSPHRASE, or it asks. What does not open leaves nothing behind.")
final class OpenSealed implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "<file>", description = "What is sealed.")
    private Path file;

    @Parameters(paramLabel = "<to>", description = "Must not exist.")
    private Path to;

    @Override
    public Integer call() throws IOException {
        var sealed = Tool.file(file);
        var plain = Tool.file(to);
        var passphrase = Passphrase.forOpening();
        try (var in = new SealedInput(new BufferedInputStream(Files.newInputStream(sealed)), passphrase)) {
            write(in, plain);
        } catch (SealedException e) {
            throw new StartException(sealed + " does not open: " + e.getMessage(), e);
        } catch (NoSuchFileException e) {
            throw new StartException("there is no file " + e.getFile(), e);
        } catch (FileAlreadyExistsException e) {
            throw new StartException(plain + " exists already: name another file", e);
        }
        Tool.out(spec)
                .println(plain + " holds what was sealed. Whoever reads it can use it: remove it when you are done.");
        return 0;
    }

    /** For its owner alone, and whole or not at all. */
    private static void write(SealedInput in, Path plain) throws IOException {
        Files.createFile(plain, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try (var out = Files.newOutputStream(plain)) {
            in.transferTo(out);
        } catch (IOException e) {
            Files.deleteIfExists(plain);
            throw e;
        }
    }
}
