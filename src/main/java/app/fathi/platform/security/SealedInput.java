package app.fathi.platform.security;

import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;

/** Opens what {@link SealedOutput} sealed. Nothing is handed out that was not found unchanged and in its place. */
public final class SealedInput extends InputStream {
    private final PushbackInputStream file;
    private final Seal seal;
    private byte[] chunk = new byte[0];
    private int read;
    private long number;
    private boolean last;

    /** Takes a tenth of a second and 64 MiB; fails with a {@link SealedException} for another passphrase. */
    public SealedInput(InputStream file, String passphrase) throws IOException {
        this.file = new PushbackInputStream(file, 1);
        this.seal = Seal.read(this.file, passphrase);
    }

    @Override
    public int read() throws IOException {
        return isAtEnd() ? -1 : chunk[read++] & 0xff;
    }

    @Override
    public int read(byte[] octets, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        if (isAtEnd()) {
            return -1;
        }
        int taken = Math.min(length, chunk.length - read);
        System.arraycopy(chunk, read, octets, offset, taken);
        read += taken;
        return taken;
    }

    private boolean isAtEnd() throws IOException {
        while (read == chunk.length) {
            if (last) {
                return true;
            }
            next();
        }
        return false;
    }

    private void next() throws IOException {
        var sealed = file.readNBytes(Seal.CHUNK_OCTETS + Seal.TAG_OCTETS);
        int following = file.read();
        if (following >= 0) {
            file.unread(following);
        }
        last = following < 0;
        chunk = seal.open(number++, last, sealed);
        read = 0;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
