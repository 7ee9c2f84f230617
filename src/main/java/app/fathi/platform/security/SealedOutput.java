package app.fathi.platform.security;

import java.io.IOException;
import java.io.OutputStream;

/** Seals what is written, see {@link Seal}. Only {@link #finish} makes it whole: closed without it, the file does not open. */
public final class SealedOutput extends OutputStream {
    private final OutputStream file;
    private final Seal seal;
    private final byte[] chunk = new byte[Seal.CHUNK_OCTETS];
    private int filled;
    private long number;

    /** Takes a tenth of a second and 64 MiB: not for an event loop. */
    public SealedOutput(OutputStream file, String passphrase) throws IOException {
        this(file, Seal.make(passphrase));
    }

    SealedOutput(OutputStream file, Seal seal) throws IOException {
        this.file = file;
        this.seal = seal;
        file.write(seal.header());
    }

    @Override
    public void write(int octet) throws IOException {
        write(new byte[] {(byte) octet}, 0, 1);
    }

    @Override
    public void write(byte[] octets, int offset, int length) throws IOException {
        int from = offset;
        int left = length;
        while (left > 0) {
            if (filled == chunk.length) {
                flushChunk(false);
            }
            int taken = Math.min(left, chunk.length - filled);
            System.arraycopy(octets, from, chunk, filled, taken);
            filled += taken;
            from += taken;
            left -= taken;
        }
    }

    private void flushChunk(boolean last) throws IOException {
        file.write(seal.seal(number++, last, chunk, filled));
        filled = 0;
    }

    /** Writes the last chunk, which says that it is the last. */
    public void finish() throws IOException {
        flushChunk(true);
        file.flush();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
