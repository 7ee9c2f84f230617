package app.fathi.architecture;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.config.Config;
import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitAccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaFieldAccess;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaStaticInitializer;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The laws of {@code docs/architecture.md} that hold for the code. Each names what to do instead. */
class CodeLawsTest {
    private static final String ROOT = "app.fathi.";
    private static final Path SOURCES = Path.of("src/main/java");

    static final Set<String> DOMAINS = Set.of(
            "users",
            "roles",
            "permissions",
            "segments",
            "webpush",
            "templates",
            "campaigns",
            "triggers",
            "analytics",
            "webhooks",
            "cdp",
            "cep");

    /** Domain → the domains whose public types it may use, beside the platform. What no domain lists, nobody may use. */
    private static final Map<String, Set<String>> MAY_IMPORT = mayImport();

    private static final JavaClasses CODE = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("app.fathi");

    private static final JavaClasses TESTS = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.ONLY_INCLUDE_TESTS)
            .importPackages("app.fathi");

    private static Map<String, Set<String>> mayImport() {
        var table = new LinkedHashMap<String, Set<String>>();
        table.put("permissions", Set.of());
        table.put("roles", Set.of("permissions"));
        table.put("users", Set.of("roles"));
        table.put("cdp", Set.of());
        table.put("segments", Set.of("cdp"));
        table.put("templates", Set.of("cdp"));
        table.put("cep", Set.of("cdp", "segments", "templates"));
        table.put("webpush", Set.of("cep", "cdp"));
        table.put("campaigns", Set.of("cep", "cdp", "segments", "templates"));
        table.put("triggers", Set.of("cep", "segments", "campaigns", "cdp", "templates"));
        table.put("analytics", Set.of("cep", "segments.rules"));
        table.put("webhooks", Set.of());
        return table;
    }

    /** Of a domain in several parts, what others see of it: its door and its words. The rest is its own, public or not. */
    private static final Map<String, Set<String>> SHOWS = Map.of("cep", Set.of("cep", "cep.message"));

    /** These hear what happened anywhere, and may know every domain's events. */
    private static final Set<String> HEAR_ALL_EVENTS = Set.of("analytics", "webhooks", "cdp.connections");

    private static void holds(ArchRule rule) {
        rule.allowEmptyShould(true).check(CODE);
    }

    @Test
    void the_import_table_covers_all_domains() {
        assertThat(MAY_IMPORT.keySet()).isEqualTo(DOMAINS);
    }

    @TestFactory
    Stream<DynamicTest> a_domain_uses_only_the_domains_that_the_import_table_grants() {
        return MAY_IMPORT.entrySet().stream()
                .map(entry -> DynamicTest.dynamicTest(entry.getKey(), () -> grant(entry.getKey(), entry.getValue())));
    }

    private static void grant(String domain, Set<String> granted) {
        holds(
                noClasses()
                        .that(resideInAnyPackage(ROOT + domain + ".."))
                        .should()
                        .dependOnClassesThat(new DescribedPredicate<>("belong to a domain that is not granted") {
                            @Override
                            public boolean test(JavaClass target) {
                                var other = domainOf(target);
                                return other != null
                                        && !other.equals(domain)
                                        && !isGranted(target, granted)
                                        && !(HEAR_ALL_EVENTS.contains(domain) && isEvent(target));
                            }
                        })
                        .because(
                                "ARCHITECTURE's import table says who may know whom; ask through a granted domain, or tell by an event"));
    }

    private static boolean isGranted(JavaClass target, Set<String> granted) {
        return granted.stream()
                .anyMatch(name -> target.getPackageName().equals(ROOT + name)
                        || target.getPackageName().startsWith(ROOT + name + "."));
    }

    @Test
    void others_know_of_a_domain_in_parts_its_door_and_its_words_alone() {
        SHOWS.forEach((domain, shown) -> holds(noClasses()
                .that(DescribedPredicate.describe(
                        "belong to another domain",
                        type -> domainOf(type) != null && !domainOf(type).equals(domain)))
                .should()
                .dependOnClassesThat(DescribedPredicate.describe(
                        "are inside of " + domain,
                        target -> domain.equals(domainOf(target))
                                && shown.stream().noneMatch(name -> target.getPackageName()
                                        .equals(ROOT + name))))
                .because("how a part does its work is nobody else's concern: ask at the door")));
    }

    private static boolean isEvent(JavaClass target) {
        return outermost(target).getSimpleName().endsWith("Events");
    }

    private static JavaClass outermost(JavaClass type) {
        return type.getEnclosingClass().map(CodeLawsTest::outermost).orElse(type);
    }

    private static String domainOf(JavaClass type) {
        var name = type.getPackageName();
        if (!name.startsWith(ROOT)) {
            return null;
        }
        var rest = name.substring(ROOT.length());
        var domain = rest.contains(".") ? rest.substring(0, rest.indexOf('.')) : rest;
        return DOMAINS.contains(domain) ? domain : null;
    }

    @Test
    void the_platform_knows_no_domain() {
        holds(noClasses()
                .that()
                .resideInAPackage(ROOT + "platform..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        DOMAINS.stream().map(domain -> ROOT + domain + "..").toArray(String[]::new)));
    }

    @Test
    void nobody_knows_the_object_graph() {
        holds(noClasses()
                .that()
                .resideInAnyPackage(ROOT + "*..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("app.fathi")
                .because("App hands everybody what they need"));
    }

    @Test
    void domains_have_no_cycles() {
        slices().matching(ROOT + "(*)..").should().beFreeOfCycles().check(CODE);
    }

    @Test
    void the_parts_of_the_brain_have_no_cycles() {
        slices().assignedFrom(new PartsOf("cep"))
                .should()
                .beFreeOfCycles()
                .because("each part can be read knowing only those below it; docs/architecture.md has their order")
                .check(CODE);
    }

    /** Each package is one, the door too. */
    private record PartsOf(String domain) implements SliceAssignment {
        @Override
        public SliceIdentifier getIdentifierOf(JavaClass type) {
            return domain.equals(domainOf(type)) ? SliceIdentifier.of(type.getPackageName()) : SliceIdentifier.ignore();
        }

        @Override
        public String getDescription() {
            return "the parts of " + domain;
        }
    }

    @Test
    void the_web_framework_stays_at_the_edge() {
        holds(noClasses()
                .that()
                .resideOutsideOfPackages(
                        ROOT + "platform.http..",
                        ROOT + "platform.security..",
                        ROOT + "platform.audit..",
                        ROOT + "platform.errors..",
                        ROOT + "platform.health..",
                        // No domain but a customer's site, which has pages of its own.
                        ROOT + "demo..",
                        "app.fathi")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.vertx.ext.web..")
                .because("domains answer a Call with a Reply"));
    }

    @Test
    void only_stores_the_platform_and_the_rule_compiler_run_sql() {
        holds(noClasses()
                .that(DescribedPredicate.not(mayHoldSql()))
                .should()
                .callMethodWhere(DescribedPredicate.describe(
                        "it runs SQL",
                        call -> call.getTargetOwner().getPackageName().startsWith("io.vertx.sqlclient")
                                && Set.of("query", "preparedQuery", "prepare", "forQuery", "forUpdate")
                                        .contains(call.getName())))
                .because("rules live in services, SQL in …Store classes, where a DBA finds it"));
    }

    private static DescribedPredicate<JavaClass> mayHoldSql() {
        return DescribedPredicate.describe(
                "may hold SQL",
                type -> outermost(type).getSimpleName().endsWith("Store")
                        || type.getPackageName().startsWith(ROOT + "platform")
                        || type.getPackageName().startsWith(ROOT + "segments.rules"));
    }

    private static final Pattern SQL = Pattern.compile(
            "\"\\s*(SELECT\\s|INSERT INTO\\s|UPDATE \\w+ SET|DELETE FROM\\s|WITH \\w+ AS|CREATE (TABLE|INDEX)|LOCK TABLE)",
            Pattern.CASE_INSENSITIVE);

    @Test
    void only_stores_the_platform_and_the_rule_compiler_hold_sql_text() throws IOException {
        var elsewhere = new ArrayList<String>();
        for (var source : sources()) {
            var inside = SOURCES.relativize(source).toString();
            if (!inside.endsWith("Store.java")
                    && !inside.startsWith("app/fathi/platform/")
                    && !inside.startsWith("app/fathi/segments/rules/")
                    && SQL.matcher(Files.readString(source)).find()) {
                elsewhere.add(inside);
            }
        }
        assertThat(elsewhere).as("files with SQL that are no …Store").isEmpty();
    }

    @Test
    void only_the_streams_and_connections_know_kafka() {
        holds(noClasses()
                .that()
                .resideOutsideOfPackages(ROOT + "platform.stream..", ROOT + "cdp.connections..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.vertx.kafka..", "org.apache.kafka.."));
    }

    @Test
    void nobody_sleeps() {
        holds(noClasses()
                .should()
                .callMethodWhere(DescribedPredicate.describe(
                        "it sleeps",
                        call -> call.getName().equals("sleep")
                                && (call.getTargetOwner().isEquivalentTo(Thread.class)
                                        || call.getTargetOwner().isEquivalentTo(TimeUnit.class))))
                .because("a timer of Vert.x waits without holding a thread"));
    }

    @Test
    void only_main_prints() {
        holds(noClasses()
                .that()
                .doNotHaveFullyQualifiedName("app.fathi.Main")
                .should()
                .accessField(System.class, "out")
                .orShould()
                .accessField(System.class, "err")
                .because("everybody else logs"));
    }

    /** In Turkish the capital of i is another letter than I, and elsewhere digits are others, too. */
    @Test
    void no_word_depends_on_the_language_of_the_machine() {
        holds(noClasses()
                .should()
                .accessTargetWhere(DescribedPredicate.describe(
                        "it takes the machine's language",
                        access -> isOneOf(access, String.class, "toLowerCase()", "toUpperCase()")
                                || isOneOf(access, String.class, "format(java.lang.String, [Ljava.lang.Object;)")))
                .because("toLowerCase, toUpperCase and String.format take Locale.ROOT"));
    }

    private static boolean isOneOf(JavaAccess<?> access, Class<?> owner, String... signatures) {
        return access.getTargetOwner().isEquivalentTo(owner)
                && access.getTarget() instanceof CodeUnitAccessTarget called
                && Set.of(signatures)
                        .contains(called.getName() + "("
                                + called.getRawParameterTypes().stream()
                                        .map(JavaClass::getName)
                                        .collect(Collectors.joining(", "))
                                + ")");
    }

    @Test
    void each_process_of_ours_speaks_no_language_of_the_machine() {
        var silent = CODE.stream()
                .filter(type -> type.tryGetMethod("main", String[].class).isPresent())
                .filter(type -> type.getMethodCallsFromSelf().stream()
                        .noneMatch(call -> call.getTargetOwner().isEquivalentTo(Locale.class)
                                && call.getName().equals("setDefault")))
                .map(JavaClass::getSimpleName)
                .toList();
        assertThat(silent)
                .as("main methods without Locale.setDefault(Locale.ROOT)")
                .isEmpty();
    }

    @Test
    void only_jobs_and_the_start_wait_for_futures() {
        holds(noClasses()
                .that(DescribedPredicate.describe(
                        "do not run on virtual threads",
                        type -> !runsOnVirtualThreads(outermost(type)) && !isPartOfAJob(outermost(type))))
                .should()
                .callMethodWhere(DescribedPredicate.describe(
                        "it is Future.await",
                        call -> call.getName().equals("await")
                                && call.getTargetOwner().getPackageName().startsWith("io.vertx.core")))
                .because("await() is for virtual threads: elsewhere it would block an event loop"));
    }

    private static boolean runsOnVirtualThreads(JavaClass type) {
        return type.getSimpleName().endsWith("Jobs")
                || type.getAllRawInterfaces().stream()
                        .anyMatch(port -> port.getSimpleName().equals("JobHandler"))
                // Who holds a job's lease is a part of that job.
                || type.getFields().stream()
                        .anyMatch(field -> field.getRawType().getSimpleName().equals("Lease"))
                || type.getPackageName().equals("app.fathi");
    }

    /** Nobody else knows of it. */
    private static boolean isPartOfAJob(JavaClass type) {
        var users = type.getDirectDependenciesToSelf().stream()
                .map(use -> outermost(use.getOriginClass()))
                .filter(user -> !user.equals(type))
                .toList();
        return !type.getModifiers().contains(JavaModifier.PUBLIC)
                && !users.isEmpty()
                && users.stream().allMatch(CodeLawsTest::runsOnVirtualThreads);
    }

    @Test
    void every_setting_is_read_by_somebody() {
        var unread = CODE.stream()
                .filter(type -> type.getName().startsWith(Config.class.getName() + "$") && type.isRecord())
                .flatMap(type -> type.getFields().stream())
                .filter(setting -> !isRead(setting))
                .map(setting -> setting.getOwner().getSimpleName() + "." + setting.getName())
                .toList();
        assertThat(unread).as("settings that do nothing").isEmpty();
    }

    /** By its accessor, or by another method of its record. */
    private static boolean isRead(JavaField setting) {
        var owner = setting.getOwner();
        return owner.getMethod(setting.getName()).getCallsOfSelf().size() > 0
                || setting.getAccessesToSelf().stream()
                        .map(access -> access.getOrigin().getName())
                        .anyMatch(name -> !name.equals("<init>") && !name.equals(setting.getName()));
    }

    @Test
    void names_say_what_a_thing_is() {
        holds(noClasses()
                .should()
                .haveNameMatching(
                        ".*\\.(\\w*(Impl|Manager|Helper|Helpers|Util|Utils|DTO|Dto)|(Base|Abstract)[A-Z]\\w*)(\\$.*)?")
                .because("such names say nothing about the domain"));
    }

    @Test
    void every_package_says_what_it_is_for() throws IOException {
        var silent = new ArrayList<String>();
        try (var folders = Files.walk(SOURCES.resolve("app/fathi"))) {
            for (var folder : folders.filter(Files::isDirectory).toList()) {
                try (var files = Files.list(folder)) {
                    var names = files.map(file -> file.getFileName().toString()).toList();
                    var holdsCode = names.stream().anyMatch(name -> name.endsWith(".java"));
                    var isRoot = folder.equals(SOURCES.resolve("app/fathi"));
                    if (holdsCode && !isRoot && !names.contains("package-info.java")) {
                        silent.add(SOURCES.relativize(folder).toString());
                    }
                }
            }
        }
        assertThat(silent).as("packages without package-info.java").isEmpty();
    }

    @Test
    void loggers_are_private() {
        holds(fields().that().haveRawType(org.slf4j.Logger.class).should().bePrivate());
    }

    private static final Pattern TELLS_WHAT_WAS_THROWN = Pattern.compile(
            "\\bLOG\\s*\\.\\w+\\([^;]*?\\b(?:e|failure|cause\\(\\)|\\w*[eE]xception|thrown|broken|unreachable)"
                    + "\\s*\\.(?:toString|getMessage|getLocalizedMessage)\\(\\)");

    /** A demo's people are made up. */
    @Test
    void what_was_thrown_is_logged_without_what_somebody_sent() throws IOException {
        var loose = new ArrayList<String>();
        for (var source : sources()) {
            var inside = SOURCES.relativize(source).toString();
            if (!inside.startsWith("app/fathi/demo/")
                    && TELLS_WHAT_WAS_THROWN.matcher(Files.readString(source)).find()) {
                loose.add(inside);
            }
        }
        assertThat(loose)
                .as(
                        "log lines with the text of an exception, which may quote anybody: Thrown.text(failure) says what may be said")
                .isEmpty();
    }

    /** A failed test is tried again in the same JVM, where a class is initialised once and {@code @BeforeAll} runs again. */
    @Test
    void what_a_test_class_closes_in_the_end_it_has_opened_in_the_beginning() {
        var openedOnce = TESTS.stream()
                .flatMap(type -> type.getMethods().stream())
                .filter(method -> method.isAnnotatedWith(AfterAll.class))
                .flatMap(method -> method.getFieldAccesses().stream())
                .flatMap(access -> access.getTarget().resolveMember().stream())
                .filter(field -> canBeClosed(field.getRawType()) && isSetWhereItsClassIsInitialised(field))
                .map(JavaField::getFullName)
                .distinct()
                .toList();
        assertThat(openedOnce)
                .as("fields that @AfterAll closes and that are set where they are declared: set them in @BeforeAll")
                .isEmpty();
    }

    private static boolean canBeClosed(JavaClass type) {
        return type.getAllMethods().stream()
                .anyMatch(method -> method.getName().equals("close")
                        && method.getRawParameterTypes().isEmpty());
    }

    private static boolean isSetWhereItsClassIsInitialised(JavaField field) {
        return field.getAccessesToSelf().stream()
                .anyMatch(access -> access.getAccessType() == JavaFieldAccess.AccessType.SET
                        && access.getOrigin() instanceof JavaStaticInitializer);
    }

    private static List<Path> sources() throws IOException {
        try (var files = Files.walk(SOURCES)) {
            return files.filter(file -> file.toString().endsWith(".java")).toList();
        }
    }
}
