package app.fathi.testing;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The clients that {@code scripts/generate-clients} makes of the contract, generated and compiled once, whichever test JVM comes first. */
public final class GeneratedClients {
    private static final Path CLIENTS = Path.of("target/clients");
    private static final Path JAVA = CLIENTS.resolve("java");
    private static final Path TYPESCRIPT = CLIENTS.resolve("typescript");
    private static final Path NODE_MODULES = Path.of("src/test/js/node_modules");
    private static final int PROCESS_MINUTES = 10;
    /** Compiling for the long run is in vain in a process that lives for seconds. */
    public static final String BRIEF = "-XX:TieredStopAtLevel=1";

    private GeneratedClients() {}

    private interface Step {
        void run() throws Exception;
    }

    /** Does it unless it was done for this very contract; other test JVMs wait meanwhile. */
    private static void once(Path folder, Step step) throws Exception {
        var of = Arrays.hashCode(Files.readAllBytes(Path.of("openapi.yaml")));
        var done = folder.resolve("made-of-" + Integer.toHexString(of));
        try (var lock = FileChannel.open(
                        Path.of("target/clients.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                var held = lock.lock()) {
            if (!Files.exists(done)) {
                step.run();
                Files.writeString(done, "");
            }
        }
    }

    private static void generate() throws Exception {
        once(CLIENTS, () -> run("scripts/generate-clients"));
    }

    /** Compiles sources against the Java client; the class path to run them with. */
    public static synchronized String compileJava(Path folder, Path into) throws Exception {
        generate();
        var client = JAVA.resolve("classes");
        once(JAVA, () -> javac(JAVA.resolve("src/main/java"), client, System.getProperty("java.class.path")));
        var classPath = client + File.pathSeparator + System.getProperty("java.class.path");
        javac(folder, into, classPath);
        return into + File.pathSeparator + classPath;
    }

    private static void javac(Path folder, Path into, String classPath) throws Exception {
        Files.createDirectories(into);
        var arguments = Files.write(into.resolve("sources"), sources(folder));
        run(
                java("javac"),
                "-J" + BRIEF,
                "-J-XX:+UseSerialGC",
                "-nowarn",
                "-proc:none",
                "-d",
                into.toString(),
                "-cp",
                classPath,
                "@" + arguments);
    }

    /** Compiles modules against the TypeScript client, strictly; the folder with their JavaScript. */
    public static synchronized Path compileTypescript(Path project, Map<String, String> modules) throws Exception {
        assumeThat(NODE_MODULES.resolve(".bin/tsc"))
                .as("npm tools; scripts/test installs them")
                .exists();
        generate();
        once(TYPESCRIPT, () -> tsc(TYPESCRIPT));
        var sources = Files.createDirectories(project.resolve("src"));
        for (var module : modules.entrySet()) {
            Files.writeString(sources.resolve(module.getKey() + ".ts"), module.getValue());
        }
        Files.writeString(
                sources.resolve("node.d.ts"),
                """
                declare const process: { env: Record<string, string | undefined> };
                declare module 'node:fs/promises' {
                  function writeFile(path: string, data: unknown): Promise<void>;
                }
                """);
        Files.writeString(project.resolve("package.json"), "{\"type\": \"module\"}");
        Files.writeString(
                project.resolve("tsconfig.json"),
                """
                {
                  "compilerOptions": { "target": "es2022", "module": "nodenext", "types": [], "rootDir": "src", "outDir": "dist" },
                  "include": ["src"]
                }
                """);
        var packages = Files.createDirectories(project.resolve("node_modules"));
        Files.deleteIfExists(packages.resolve("fathi-client"));
        Files.createSymbolicLink(packages.resolve("fathi-client"), TYPESCRIPT.toAbsolutePath());
        tsc(project);
        return project.resolve("dist");
    }

    private static void tsc(Path project) throws Exception {
        run(NODE_MODULES.resolve(".bin/tsc").toString(), "--strict", "-p", project.toString());
    }

    public static String java(String program) {
        return Path.of(System.getProperty("java.home"), "bin", program).toString();
    }

    private static List<String> sources(Path folder) throws IOException {
        try (var files = Files.walk(folder)) {
            return new ArrayList<>(files.map(Path::toString)
                    .filter(name -> name.endsWith(".java"))
                    .toList());
        }
    }

    /** What the program said on both streams; fails when it fails. */
    public static String run(String... command) throws Exception {
        return run(Map.of(), command);
    }

    public static String run(Map<String, String> environment, String... command) throws Exception {
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(environment);
        var process = builder.start();
        process.getOutputStream().close();
        var said = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor(PROCESS_MINUTES, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue()).as(said).isZero();
        return said;
    }
}
