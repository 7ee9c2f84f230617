package app.fathi.templates;

import com.sun.management.ThreadMXBean;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * The octets of a picture for a reader that keeps no bounds itself. Who goes on reading behind their end, or makes more than such a
 * picture needs, is stopped by an {@code IOException} at the next read. For the thread that it is made on.
 */
final class BoundedImageInput extends MemoryCacheImageInputStream {
    /** Bits are taken ahead, so some reads miss the end of a whole file, too. */
    private static final int MOST_BEHIND_END = 256;

    private static final int READS_BETWEEN_LOOKS = 64;

    /** Tables and buffers of any picture, however small. */
    private static final long ALLOCATED_ANYWAY = 48L << 20;

    private static final long ALLOCATED_FOR_A_POINT = 24;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final long tablesEnd;
    private final long mostAllocated;
    private int reads;
    private int behindEnd;

    /**
     * @param tablesEnd up to which octet what is made is looked at; behind it much is made and soon forgotten, by the size alone
     * @param points that are to be read of it
     */
    BoundedImageInput(byte[] octets, long tablesEnd, long points) {
        super(new ByteArrayInputStream(octets));
        this.tablesEnd = tablesEnd;
        mostAllocated = THREADS.getCurrentThreadAllocatedBytes() + ALLOCATED_ANYWAY + points * ALLOCATED_FOR_A_POINT;
    }

    @Override
    public int read() throws IOException {
        return looked(super.read());
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        return looked(super.read(into, offset, length));
    }

    private int looked(int result) throws IOException {
        if (result < 0 && ++behindEnd > MOST_BEHIND_END) {
            throw new IOException("The end of the picture is missing");
        }
        if (++reads % READS_BETWEEN_LOOKS == 0
                && streamPos < tablesEnd
                && THREADS.getCurrentThreadAllocatedBytes() > mostAllocated) {
            throw new IOException("The picture asks for more memory than its points need");
        }
        return result;
    }
}
