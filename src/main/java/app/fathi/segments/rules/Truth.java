package app.fathi.segments.rules;

/** What a rule says of a person, as in SQL: what is missing makes it unknown, and only who it is true of is meant. */
public enum Truth {
    TRUE,
    FALSE,
    UNKNOWN;

    static Truth of(boolean holds) {
        return holds ? TRUE : FALSE;
    }

    public boolean holds() {
        return this == TRUE;
    }

    Truth not() {
        return switch (this) {
            case TRUE -> FALSE;
            case FALSE -> TRUE;
            case UNKNOWN -> UNKNOWN;
        };
    }

    /** True where this is not, the unknown included: the sense of the operators that begin with "not". */
    Truth otherwise() {
        return this == TRUE ? FALSE : TRUE;
    }
}
