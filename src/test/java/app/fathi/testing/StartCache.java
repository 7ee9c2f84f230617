package app.fathi.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.jar.JarOutputStream;
import java.util.stream.Collectors;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;

/**
 * Loaded and linked classes, kept for all processes of a run as {@code scripts/lib/aot.sh} keeps them for an installation: a start
 * with them takes half the processor time. Whichever test JVM comes first makes them, once for a build. The JDK takes them of
 * jars alone, so ours lie in one, as they do where they are installed.
 *
 * @param classPath for which it is good
 * @param options that make a JVM use it; none where there is none
 */
record StartCache(String classPath, List<String> options) {
    private static final Path CLASSES = Path.of("target/classes").toAbsolutePath();
    private static final Path FOLDER = Path.of("target/start-cache").toAbsolutePath();

    /**
     * @param name of the kind of process; all of a kind have the same options of the JVM
     * @param training runs such a process to its orderly end, with these further options and this class path; one that fails
     *     costs speed only
     */
    static StartCache of(String name, BiConsumer<List<String>, String> training) {
        if (Runtime.version().feature() < 25) {
            return new StartCache(ServerProcess.classPath(), List.of());
        }
        try {
            Files.createDirectories(FOLDER);
            try (var lock = FileChannel.open(
                            FOLDER.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    var held = lock.lock()) {
                return of(name, folder(), training);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static StartCache of(String name, Path folder, BiConsumer<List<String>, String> training)
            throws IOException {
        var classPath = ServerProcess.classPath()
                .replace(CLASSES.toString(), jar(folder).toString());
        var cache = folder.resolve(name + ".aot");
        var tried = folder.resolve(name + ".tried");
        if (!Files.exists(tried)) {
            Files.createFile(tried);
            training.accept(List.of("-XX:AOTCacheOutput=" + cache), classPath);
        }
        return new StartCache(classPath, Files.exists(cache) ? List.of("-XX:AOTCache=" + cache) : List.of());
    }

    /** Of this very build; those of earlier ones go. */
    private static Path folder() throws IOException {
        String build;
        try (var files = Files.walk(CLASSES)) {
            build = files.filter(Files::isRegularFile)
                    .sorted()
                    .map(file -> file + " " + file.toFile().length() + " "
                            + file.toFile().lastModified())
                    .collect(Collectors.joining("\n", ServerProcess.classPath(), System.getProperty("java.home")));
        }
        var folder = FOLDER.resolve(Integer.toHexString(build.hashCode()));
        if (!Files.exists(folder)) {
            delete(FOLDER);
            Files.createDirectories(folder);
        }
        return folder;
    }

    private static void delete(Path parent) throws IOException {
        try (var files = Files.walk(parent)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                if (!file.equals(parent) && !file.endsWith("lock")) {
                    Files.delete(file);
                }
            }
        }
    }

    private static Path jar(Path folder) throws IOException {
        var jar = folder.resolve("fathi.jar");
        if (!Files.exists(jar)) {
            try (var files = Files.walk(CLASSES);
                    var out = new JarOutputStream(Files.newOutputStream(jar))) {
                out.setLevel(Deflater.NO_COMPRESSION);
                for (var file :
                        files.filter(file -> !file.equals(CLASSES)).sorted().toList()) {
                    var isFolder = Files.isDirectory(file);
                    // Migrations are found by their folder.
                    out.putNextEntry(new ZipEntry(CLASSES.relativize(file) + (isFolder ? "/" : "")));
                    if (!isFolder) {
                        Files.copy(file, out);
                    }
                }
            }
        }
        return jar;
    }
}
