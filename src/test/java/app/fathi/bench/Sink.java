package app.fathi.bench;

import app.fathi.testing.FakePushService;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** {@link FakePushService} as a process. */
record Sink(Process process, URI url) implements AutoCloseable {
    static Sink start(int subscriptions, Path file, String key) throws IOException {
        Report.progress("%,d virtual browsers are made", subscriptions);
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "@scripts/lib/jvm.options"));
        if (Runtime.version().feature() >= 24) {
            command.add("--sun-misc-unsafe-memory-access=allow");
        }
        // Each virtual browser has a key pair.
        command.add("-Xmx3g");
        command.addAll(List.of(
                "-cp",
                System.getProperty("java.class.path"),
                FakePushService.class.getName(),
                "--decrypt-every",
                "1000",
                "--forget",
                "--until-stdin-closes",
                "--key",
                key,
                "--subscriptions",
                "" + subscriptions,
                file.toString()));
        var process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        return new Sink(process, URI.create(process.inputReader().readLine()));
    }

    /** More browsers, which take messages of any sender: a line of JSON each. */
    String subscribe(int count) {
        return control("/control/subscriptions?count=" + count);
    }

    private String control(String path) {
        var vertx = Vertx.vertx();
        try {
            var client = vertx.createHttpClient(
                    new HttpClientOptions().setSsl(true).setTrustAll(true).setVerifyHost(false));
            return client.request(HttpMethod.POST, url.getPort(), url.getHost(), path)
                    .compose(request -> request.send())
                    .compose(answer -> answer.body())
                    .await()
                    .toString()
                    .strip();
        } finally {
            vertx.close().await();
        }
    }

    /** From now on each of so many of its browsers is gone. */
    void goneEvery(int count) {
        control("/control/gone?every=" + count);
    }

    long pid() {
        return process.pid();
    }

    @Override
    public void close() throws IOException {
        process.getOutputStream().close();
        try {
            if (!process.waitFor(20, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
