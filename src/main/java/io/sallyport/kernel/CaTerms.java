package io.sallyport.kernel;

import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.x500.AttributeTypeAndValue;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x500.style.IETFUtils;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.CertificatePolicies;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.GeneralSubtree;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.NameConstraints;
import org.bouncycastle.asn1.x509.PolicyInformation;
import org.jspecify.annotations.Nullable;

/**
 * What a CA certificate lets its authority do (RFC 5280 §4.2.1.4, §4.2.1.9, §4.2.1.10).
 *
 * @param pathLength how many CAs may follow, or null for any number
 * @param permitted the only names of their kind; none means all
 * @param excluded names that it may not certify, permitted or not
 * @param policies dotted object identifiers; none means that the certificate does not say
 */
public record CaTerms(
    @Nullable Integer pathLength,
    List<NameSubtree> permitted,
    List<NameSubtree> excluded,
    List<String> policies) {
  public static final String ANY_POLICY = "2.5.29.32.0";
  private static final int LONGEST_PATH = 16;
  private static final int MOST = 100;
  private static final Pattern OID = Pattern.compile("[0-2](\\.(0|[1-9][0-9]{0,9})){2,20}");
  /** A common name that programs take for a host, or for many: two labels or more. */
  private static final Pattern HOST_IN_NAME = Pattern.compile(
      "(\\*\\.)?[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)+\\.?");

  /** Refuses with {@link IllegalArgumentException} and a sentence. */
  public CaTerms {
    permitted = List.copyOf(permitted);
    excluded = List.copyOf(excluded);
    policies = List.copyOf(policies);
    if (pathLength != null && (pathLength < 0 || pathLength > LONGEST_PATH)) {
      throw new IllegalArgumentException(
          "A path length is a number from 0 to " + LONGEST_PATH + ".");
    }
    if (permitted.size() + excluded.size() > MOST || policies.size() > MOST) {
      throw new IllegalArgumentException(
          "More than " + MOST + " name constraints or policies are too many.");
    }
    policies.stream().filter(oid -> !OID.matcher(oid).matches()).findFirst().ifPresent(oid -> {
      throw new IllegalArgumentException("A policy is a dotted object identifier.");
    });
  }

  /** Nothing but a path length. */
  public static CaTerms ofPathLength(@Nullable Integer pathLength) {
    return new CaTerms(pathLength, List.of(), List.of(), List.of());
  }

  /** What a certificate or a request says; names of kinds that are not known here are left to {@link #nameFault}. */
  public static CaTerms of(@Nullable Extensions extensions) {
    if (extensions == null) {
      return ofPathLength(null);
    }
    BasicConstraints basic = BasicConstraints.fromExtensions(extensions);
    CertificatePolicies policies = CertificatePolicies.fromExtensions(extensions);
    Optional<NameConstraints> names = constraints(extensions);
    List<String> oids = new ArrayList<>();
    if (policies != null) {
      for (PolicyInformation policy : policies.getPolicyInformation()) {
        oids.add(policy.getPolicyIdentifier().getId());
      }
    }
    return new CaTerms(
        basic == null || basic.getPathLenConstraint() == null
            ? null
            : basic.getPathLenConstraint().intValueExact(),
        names.map(found -> known(found.getPermittedSubtrees())).orElse(List.of()),
        names.map(found -> known(found.getExcludedSubtrees())).orElse(List.of()),
        oids);
  }

  private static Optional<NameConstraints> constraints(Extensions extensions) {
    Extension extension = extensions.getExtension(Extension.nameConstraints);
    return extension == null
        ? Optional.empty()
        : Optional.of(NameConstraints.getInstance(extension.getParsedValue()));
  }

  private static List<NameSubtree> known(GeneralSubtree @Nullable [] subtrees) {
    List<NameSubtree> found = new ArrayList<>();
    for (GeneralSubtree subtree : subtrees == null ? new GeneralSubtree[0] : subtrees) {
      NameSubtree known = NameSubtree.of(subtree.getBase());
      if (known != null) {
        found.add(known);
      }
    }
    return found;
  }

  /** Adds basicConstraints, keyUsage, nameConstraints and certificatePolicies. */
  public void addTo(ExtensionsGenerator extensions) throws IOException {
    extensions.addExtension(
        Extension.basicConstraints,
        true,
        pathLength == null ? new BasicConstraints(true) : new BasicConstraints(pathLength));
    extensions.addExtension(
        Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
    if (!permitted.isEmpty() || !excluded.isEmpty()) {
      extensions.addExtension(
          Extension.nameConstraints,
          true,
          new NameConstraints(subtrees(permitted), subtrees(excluded)));
    }
    if (!policies.isEmpty()) {
      extensions.addExtension(
          Extension.certificatePolicies,
          false,
          new CertificatePolicies(policies.stream()
              .map(oid -> new PolicyInformation(new ASN1ObjectIdentifier(oid)))
              .toArray(PolicyInformation[]::new)));
    }
  }

  private static GeneralSubtree @Nullable [] subtrees(List<NameSubtree> subtrees) {
    return subtrees.isEmpty()
        ? null
        : subtrees.stream()
            .map(subtree -> new GeneralSubtree(subtree.general()))
            .toArray(GeneralSubtree[]::new);
  }

  /** Why an authority under these terms may not be certified under {@code child}; empty when it may. */
  public Optional<String> faultOf(CaTerms child) {
    if (pathLength != null && pathLength == 0) {
      return Optional.of("no authority may follow it (path length 0)");
    }
    if (pathLength != null && (child.pathLength == null || child.pathLength >= pathLength)) {
      return Optional.of("at most " + (pathLength - 1) + " authorities may follow the next one");
    }
    return policyFault(child.policies);
  }

  /** Why nothing may be certified under these policies; empty when it may. */
  public Optional<String> policyFault(List<String> asked) {
    if (policies.isEmpty() || policies.contains(ANY_POLICY)) {
      return Optional.empty();
    }
    Set<String> foreign = new TreeSet<>(asked);
    foreign.removeAll(policies);
    return foreign.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "it may not certify under " + String.join(", ", foreign) + " (RFC 5280 §6.1)");
  }

  /**
   * The first name that a CA certificate with these extensions does not let through, as a sentence's end; empty when all
   * are fine. What programs take for a host in a common name is checked like one.
   */
  public static Optional<String> nameFault(
      @Nullable Extensions ofIssuer, X500Name subject, @Nullable GeneralNames alternatives) {
    Optional<NameConstraints> found = ofIssuer == null ? Optional.empty() : constraints(ofIssuer);
    if (found.isEmpty()) {
      return Optional.empty();
    }
    List<GeneralName> names = new ArrayList<>();
    if (subject.getRDNs().length > 0) {
      names.add(new GeneralName(subject));
    }
    boolean host = false;
    for (GeneralName name : alternatives == null ? new GeneralName[0] : alternatives.getNames()) {
      names.add(name);
      host |= name.getTagNo() == GeneralName.dNSName;
    }
    if (!host) {
      hosts(subject).forEach(name -> names.add(new GeneralName(GeneralName.dNSName, name)));
    }
    for (GeneralName name : names) {
      if (!passes(found.get(), name)) {
        return Optional.of(shown(name) + " is outside its name constraints (RFC 5280 §4.2.1.10)");
      }
    }
    return Optional.empty();
  }

  private static List<String> hosts(X500Name subject) {
    List<String> hosts = new ArrayList<>();
    for (RDN set : subject.getRDNs(BCStyle.CN)) {
      for (AttributeTypeAndValue attribute : set.getTypesAndValues()) {
        String value = attribute.getType().equals(BCStyle.CN)
            ? IETFUtils.valueToString(attribute.getValue())
            : "";
        if (HOST_IN_NAME.matcher(value).matches()) {
          hosts.add(value);
        }
      }
    }
    return hosts;
  }

  private static boolean passes(NameConstraints constraints, GeneralName name) {
    boolean bound = false;
    boolean within = false;
    for (GeneralSubtree subtree : some(constraints.getPermittedSubtrees())) {
      if (subtree.getBase().getTagNo() == name.getTagNo()) {
        bound = true;
        within |= covers(subtree, name) == Cover.YES;
      }
    }
    for (GeneralSubtree subtree : some(constraints.getExcludedSubtrees())) {
      if (subtree.getBase().getTagNo() == name.getTagNo() && covers(subtree, name) != Cover.NO) {
        return false;
      }
    }
    return !bound || within;
  }

  private static GeneralSubtree[] some(GeneralSubtree @Nullable [] subtrees) {
    return subtrees == null ? new GeneralSubtree[0] : subtrees;
  }

  /** What cannot be compared is neither permitted nor free of an exclusion. */
  private enum Cover {
    YES,
    NO,
    UNKNOWN
  }

  private static Cover covers(GeneralSubtree subtree, GeneralName name) {
    NameSubtree base = NameSubtree.of(subtree.getBase());
    if (base == null) {
      return Cover.UNKNOWN;
    }
    return switch (base.kind()) {
      case DNS -> cover(base.coversHost(name.getName().toString().replaceFirst("^\\*\\.", "")));
      case URI -> {
        String host = host(name.getName().toString());
        yield host == null ? Cover.UNKNOWN : cover(base.coversHost(host));
      }
      case DIRECTORY -> cover(base.covers(X500Name.getInstance(name.getName())));
      case IP -> {
        IpPrefix address = address(ASN1OctetString.getInstance(name.getName()).getOctets());
        yield address == null ? Cover.UNKNOWN : cover(base.covers(address));
      }
    };
  }

  private static Cover cover(boolean covers) {
    return covers ? Cover.YES : Cover.NO;
  }

  /** Null when there is none that a constraint could be about, for instance in {@code urn:uuid:…}. */
  private static @Nullable String host(String uri) {
    try {
      String host = new URI(uri).getHost();
      return host == null || IpPrefix.parseAddress(host.replaceAll("[\\[\\]]", "")) != null
          ? null
          : host;
    } catch (URISyntaxException e) {
      return null;
    }
  }

  private static @Nullable IpPrefix address(byte[] octets) {
    try {
      return IpPrefix.parseAddress(InetAddress.getByAddress(octets).getHostAddress());
    } catch (UnknownHostException e) {
      return null;
    }
  }

  private static String shown(GeneralName name) {
    return switch (name.getTagNo()) {
      case GeneralName.dNSName -> "the host " + name.getName();
      case GeneralName.uniformResourceIdentifier -> "the URI " + name.getName();
      case GeneralName.directoryName -> "the name " + X500Name.getInstance(name.getName());
      case GeneralName.iPAddress -> {
        IpPrefix address = address(ASN1OctetString.getInstance(name.getName()).getOctets());
        yield "the address " + (address == null ? "" : address.address());
      }
      default -> "a name of kind " + name.getTagNo();
    };
  }

  /** Line by line, for people. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add("path length: " + (pathLength == null ? "not limited" : pathLength));
    permitted.forEach(subtree -> lines.add("permitted: " + subtree));
    excluded.forEach(subtree -> lines.add("excluded: " + subtree));
    policies.forEach(policy -> lines.add("policy: " + policy));
    return lines;
  }
}
