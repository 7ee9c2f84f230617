package app.fathi.cep;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.Plans;
import java.util.List;

/** A plan is made once and kept, often while a new week's partition is still empty: it must be right for a full one. */
public final class HotStatements {
    private HotStatements() {}

    public static void findTheirRowsByIndex(String... statements) {
        Plans.onEmptyTables(List.of(statements)).forEach((sql, plan) -> {
            assertThat(plan).as(sql).noneMatch(line -> line.contains("Seq Scan on cep_"));
            // A hash or merge join would walk through a whole run, a million rows, for a few of them.
            assertThat(plan).as(sql).noneMatch(line -> line.contains("Hash Join") || line.contains("Merge Join"));
        });
    }
}
