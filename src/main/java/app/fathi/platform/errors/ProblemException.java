package app.fathi.platform.errors;

import java.util.List;

/** The one exception that domains throw: it carries the {@link Problem} and, being a meaning and not a bug, no stack trace. */
public final class ProblemException extends RuntimeException {
    private final transient Problem problem;

    public ProblemException(Problem problem) {
        super(problem.kind().code() + ": " + problem.detail(), null, false, false);
        this.problem = problem;
    }

    public Problem problem() {
        return problem;
    }

    public static ProblemException notFound(String what) {
        return new ProblemException(Problem.of(Kind.NOT_FOUND, "There is no " + what + " with this id."));
    }

    public static ProblemException conflict(String detail) {
        return new ProblemException(Problem.of(Kind.CONFLICT, detail));
    }

    public static ProblemException unauthenticated(String detail) {
        return new ProblemException(Problem.of(Kind.UNAUTHENTICATED, detail));
    }

    public static ProblemException forbidden(String detail) {
        return new ProblemException(Problem.of(Kind.FORBIDDEN, detail));
    }

    /** A shape fault (400) at one place of the request. */
    public static ProblemException invalid(String pointer, String detail) {
        return new ProblemException(Problem.of(
                Kind.INVALID_REQUEST,
                "The request does not fit the contract.",
                List.of(new Problem.Fault(pointer, detail))));
    }

    /** A fault of meaning (422) at one place of the request. */
    public static ProblemException unprocessable(String pointer, String detail) {
        return new ProblemException(
                Problem.of(Kind.UNPROCESSABLE, detail, List.of(new Problem.Fault(pointer, detail))));
    }

    public static ProblemException of(Kind kind, String detail) {
        return new ProblemException(Problem.of(kind, detail));
    }
}
