package io.sallyport;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMethods;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.quarkus.narayana.jta.QuarkusTransaction;
import jakarta.persistence.Entity;
import jakarta.transaction.Transactional;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.container.ContainerResponseFilter;
import jakarta.ws.rs.ext.ExceptionMapper;
import jakarta.ws.rs.ext.Provider;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The house plan and the house habits, read from the compiled classes. There are no exceptions. */
class ArchitectureTest {
  private static final String ROOT = "io.sallyport";

  /** From the ground up: a package may import from those before it, and from nothing else of this project. */
  private static final List<String> GROUND_UP = List.of(
      "kernel",
      "pkcs11",
      "keys",
      "marks",
      "audit",
      "retention",
      "events",
      "people",
      "devices",
      "pki",
      "attestation",
      "policy",
      "policy.mud",
      "decision",
      "grants",
      "enforcement",
      "decommission",
      "enrollment",
      "door",
      "door.acme",
      "door.attest",
      "door.authzen",
      "door.est",
      "door.feed",
      "door.gateway",
      "door.line",
      "door.oauth",
      "door.radius",
      "door.signals",
      "door.status",
      "door.wipe",
      "admin",
      "admin.api",
      "admin.console",
      "boot",
      "bench");

  /** Talks to a server over the network; of its code it shares value types only. */
  private static final String COMMAND_LINE = "cli";

  /** Those with tables of their own, and {@code decommission}, whose whole point is one commit over several of them. */
  private static final String[] TRANSACTIONAL = packages(
      "keys",
      "audit",
      "retention",
      "people",
      "devices",
      "pki",
      "attestation",
      "policy",
      "decision",
      "grants",
      "enforcement",
      "decommission",
      "enrollment",
      "admin");

  private static final JavaClasses SALLYPORT = new ClassFileImporter()
      .withImportOption(new ImportOption.DoNotIncludeTests())
      .importPackages(ROOT);

  static List<String> everyPackage() {
    return Stream.concat(GROUND_UP.stream(), Stream.of(COMMAND_LINE)).toList();
  }

  static List<String> packagesOfTheServer() {
    return GROUND_UP;
  }

  static List<String> doors() {
    return GROUND_UP.stream().filter(name -> name.startsWith("door.")).toList();
  }

  @Test
  void theHousePlanNamesEveryPackageAndNoOther() {
    Set<String> found = new TreeSet<>();
    SALLYPORT.forEach(type -> found.add(type.getPackageName().substring(ROOT.length() + 1)));
    assertEquals(new TreeSet<>(everyPackage()), found);
  }

  @ParameterizedTest
  @MethodSource("packagesOfTheServer")
  void importsOnlyFromThoseBeforeIt(String name) {
    Stream<String> allowed =
        Stream.concat(GROUND_UP.subList(0, GROUND_UP.indexOf(name)).stream(), Stream.of(name));
    importsOnly(name, allowed.toArray(String[]::new));
  }

  @ParameterizedTest
  @MethodSource("doors")
  void knowsNoOtherDoor(String door) {
    String[] others = doors().stream().filter(other -> !other.equals(door)).toArray(String[]::new);
    noClasses()
        .that()
        .resideInAPackage(ROOT + "." + door)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(packages(others))
        .check(SALLYPORT);
  }

  @Test
  void theCommandLineSharesValueTypesOnly() {
    importsOnly(COMMAND_LINE, COMMAND_LINE, "kernel", "pkcs11");
  }

  @Test
  void noCircleOfPackages() {
    slices().matching(ROOT + ".(**)").should().beFreeOfCycles().check(SALLYPORT);
  }

  @Test
  void privateKeysStayInKeys() {
    // The command line holds the keys of clients, never one of the server.
    noClasses()
        .that()
        .resideOutsideOfPackages(packages("keys", COMMAND_LINE))
        .should()
        .dependOnClassesThat()
        .areAssignableTo(PrivateKey.class)
        .check(SALLYPORT);
    noClasses()
        .that()
        .resideOutsideOfPackages(packages("keys", COMMAND_LINE))
        .should()
        .callMethodWhere(describe(
            "a method answers a private key",
            target -> target.getRawReturnType().isAssignableTo(PrivateKey.class)))
        .check(SALLYPORT);
  }

  @Test
  void timeAndRandomnessAreInjected() {
    noClasses()
        .that()
        .resideOutsideOfPackages(packages("boot", COMMAND_LINE))
        .should()
        .callMethodWhere(describe("the clock or the randomness of the machine is read", target -> {
          String owner = target.getOwner().getName();
          String method = target.getName();
          return owner.startsWith("java.time.")
                  && method.equals("now")
                  && target.getRawParameterTypes().isEmpty()
              || owner.equals(Clock.class.getName()) && method.startsWith("system")
              || owner.equals(System.class.getName()) && method.equals("currentTimeMillis")
              || owner.equals(UUID.class.getName()) && method.equals("randomUUID")
              || owner.equals(Math.class.getName()) && method.equals("random");
        }))
        .orShould()
        .callConstructor(SecureRandom.class)
        .orShould()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.util.concurrent.ThreadLocalRandom")
        .orShould()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.util.Random")
        .check(SALLYPORT);
  }

  @Test
  void transactionsOpenOnlyWhereTablesAre() {
    noClasses()
        .that()
        .resideOutsideOfPackages(TRANSACTIONAL)
        .should()
        .beAnnotatedWith(Transactional.class)
        .orShould()
        .dependOnClassesThat()
        .areAssignableTo(QuarkusTransaction.class)
        .orShould()
        .dependOnClassesThat()
        .haveFullyQualifiedName("jakarta.transaction.UserTransaction")
        .orShould()
        .dependOnClassesThat()
        .haveFullyQualifiedName("jakarta.transaction.TransactionManager")
        .check(SALLYPORT);
    noMethods()
        .that()
        .areDeclaredInClassesThat(resideOutside(TRANSACTIONAL))
        .should()
        .beAnnotatedWith(Transactional.class)
        .check(SALLYPORT);
  }

  @Test
  void whatBelongsToOnePackageIsSeenByNoOther() {
    classes()
        .that()
        .areAnnotatedWith(Entity.class)
        .or()
        .areAnnotatedWith(Path.class)
        .or()
        .areAnnotatedWith(Provider.class)
        .or()
        .implement(ExceptionMapper.class)
        .or()
        .implement(ContainerRequestFilter.class)
        .or()
        .implement(ContainerResponseFilter.class)
        .should()
        .bePackagePrivate()
        .check(SALLYPORT);
  }

  @ParameterizedTest
  @MethodSource("everyPackage")
  void saysWhatItIsForAndAllowsNoSilentNull(String name) {
    JavaPackage described = SALLYPORT.getPackage(ROOT + "." + name);
    assertTrue(
        described.isAnnotatedWith(NullMarked.class),
        name + " has no package-info.java with @NullMarked");
  }

  @Test
  void namesSayWhatAClassIs() {
    classes()
        .should()
        .haveNameNotMatching(".*(Manager|Helper|Helpers|Util|Utils|Utility|Impl)")
        .check(SALLYPORT);
  }

  @Test
  void fieldsAreNotInjected() {
    noFields().should().beAnnotatedWith("jakarta.inject.Inject").check(SALLYPORT);
  }

  private static void importsOnly(String name, String... allowed) {
    noClasses()
        .that()
        .resideInAPackage(ROOT + "." + name)
        .should()
        .dependOnClassesThat(
            resideInAPackage(ROOT + "..").and(not(resideInAnyPackage(packages(allowed)))))
        .check(SALLYPORT);
  }

  private static String[] packages(String... names) {
    return Stream.of(names).map(name -> ROOT + "." + name).toArray(String[]::new);
  }

  private static DescribedPredicate<JavaClass> resideOutside(String... packages) {
    return not(resideInAnyPackage(packages));
  }

  private static DescribedPredicate<JavaMethodCall> describe(
      String description, Predicate<AccessTarget.MethodCallTarget> predicate) {
    return DescribedPredicate.describe(description, call -> predicate.test(call.getTarget()));
  }
}
