package app.fathi.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A tool that tests rely on does what it says: real sockets on both sides. */
class TcpProxyTest {
    private ServerSocket listener;
    private TcpProxy proxy;
    private Socket client;
    private Socket server;

    @BeforeEach
    void listen() throws IOException {
        listener = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        proxy = new TcpProxy(listener.getLocalPort());
    }

    private void connect() throws IOException {
        client = new Socket(InetAddress.getLoopbackAddress(), proxy.port());
        client.setSoTimeout(20_000);
        server = listener.accept();
        server.setSoTimeout(20_000);
    }

    @AfterEach
    void close() throws IOException {
        proxy.close();
        listener.close();
        client.close();
        server.close();
    }

    private void passes(Socket from, Socket to) throws IOException {
        from.getOutputStream().write(7);
        assertThat(to.getInputStream().read()).isEqualTo(7);
    }

    @Test
    void without_a_fault_all_passes_and_a_close_is_heard() throws IOException {
        connect();
        passes(client, server);
        passes(server, client);
        client.close();
        assertThat(server.getInputStream().read()).isEqualTo(-1);
    }

    @Test
    void latency_delays_and_keeps_the_order() throws IOException {
        connect();
        proxy.latency(Duration.ofMillis(300));
        long before = System.nanoTime();
        for (int i = 0; i < 100; i++) {
            client.getOutputStream().write(i);
            client.getOutputStream().flush();
        }
        for (int i = 0; i < 100; i++) {
            assertThat(server.getInputStream().read()).isEqualTo(i);
        }
        assertThat(System.nanoTime() - before).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(290));
        proxy.well();
        passes(client, server);
    }

    @Test
    void a_narrow_network_takes_its_time() throws IOException {
        connect();
        proxy.bandwidth(200_000);
        long before = System.nanoTime();
        Thread.ofVirtual().start(() -> {
            try {
                client.getOutputStream().write(new byte[100_000]);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        assertThat(server.getInputStream().readNBytes(100_000)).hasSize(100_000);
        assertThat(System.nanoTime() - before).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(200));
    }

    @Test
    void an_answer_is_cut_after_so_many_octets() throws IOException {
        proxy.truncate(10);
        connect();
        server.getOutputStream().write(new byte[50]);
        assertThat(client.getInputStream().readAllBytes()).hasSize(10);
    }

    @Test
    void an_answer_that_is_lost_was_given_and_nobody_hears_it() throws IOException {
        proxy.loseAnswers("POST /a", 1);
        connect();
        client.getOutputStream().write("GET /a".getBytes(StandardCharsets.US_ASCII));
        assertThat(server.getInputStream().readNBytes(6)).hasSize(6);
        passes(server, client);
        assertThat(proxy.answersToLose("POST /a")).isOne();
        client.getOutputStream().write("POST /a/b".getBytes(StandardCharsets.US_ASCII));
        assertThat(server.getInputStream().readNBytes(9)).hasSize(9);
        assertThat(proxy.answersToLose("POST /a")).isZero();
        server.getOutputStream().write(new byte[50]);
        assertThat(client.getInputStream().read()).isEqualTo(-1);
    }

    @Test
    void a_reset_is_heard_as_one_on_both_sides() throws IOException {
        connect();
        passes(client, server);
        proxy.reset();
        assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(SocketException.class);
        assertThatThrownBy(() -> server.getInputStream().read()).isInstanceOf(SocketException.class);
    }

    @Test
    void a_half_open_connection_does_not_know_that_its_other_side_is_gone() throws IOException {
        connect();
        passes(client, server);
        proxy.halfOpen();
        server.close();
        client.setSoTimeout(300);
        assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
    }

    @Test
    void a_frozen_connection_takes_everything_and_gives_nothing() throws IOException {
        connect();
        passes(client, server);
        proxy.freeze();
        client.getOutputStream().write(new byte[10_000]);
        server.setSoTimeout(300);
        assertThatThrownBy(() -> server.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
    }
}
