package app.fathi.crash;

import java.security.SecureRandom;
import java.util.Random;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;

/**
 * Gives a test a {@link Random} of its own, and says with its failure how to get the same one again:
 * {@code -Dfathi.seed=…}. The choices of a test depend on the seed and its name only, so it can be run alone.
 */
public final class Seeded implements ParameterResolver, TestExecutionExceptionHandler {
    private static final String PROPERTY = "fathi.seed";
    public static final long SEED = Long.getLong(PROPERTY, new SecureRandom().nextLong());

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext test) {
        return parameter.getParameter().getType() == Random.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext test) {
        return new Random(SEED ^ test.getUniqueId().hashCode());
    }

    @Override
    public void handleTestExecutionException(ExtensionContext test, Throwable failure) {
        throw new AssertionError("with -D" + PROPERTY + "=" + SEED + ": " + failure.getMessage(), failure);
    }
}
