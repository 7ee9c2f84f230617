package app.fathi.cep.performance;

/**
 * How many of some people did something. Pure.
 *
 * @param did at most as many as {@code people}
 */
public record Share(long people, long did) {
    /** Of the normal distribution, so that 95 of 100 intervals hold the truth. */
    private static final double Z = 1.959963984540054;

    public Share {
        if (did < 0 || did > people) {
            throw new IllegalArgumentException(did + " of " + people + " is no share");
        }
    }

    /** A number and where the truth lies, in 95 of 100 cases. */
    public record Interval(double value, double low, double high) {}

    double value() {
        return people == 0 ? 0 : (double) did / people;
    }

    /** By Wilson's score; from 0 to 1 where there is nobody. */
    public Interval interval() {
        if (people == 0) {
            return new Interval(0, 0, 1);
        }
        double p = value();
        double n = people;
        double middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n);
        double half = Z / (1 + Z * Z / n) * Math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n));
        return new Interval(p, did == 0 ? 0 : middle - half, did == people ? 1 : middle + half);
    }
}
