package io.sallyport.admin;

import io.sallyport.devices.DeviceProfile;
import io.sallyport.devices.DeviceProfiles;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.CertificateProfile;
import io.sallyport.pki.CertificateProfiles;
import io.sallyport.policy.Policies;
import io.sallyport.policy.Policies.Policy;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;

/** Applies first and compares then: only the package that reads a document knows its name; the transaction undoes it. */
@ApplicationScoped
class NamedDocuments implements Documents {
  private final DeviceProfiles profiles;
  private final CertificateProfiles certificateProfiles;
  private final Policies policies;

  NamedDocuments(
      DeviceProfiles profiles, CertificateProfiles certificateProfiles, Policies policies) {
    this.profiles = profiles;
    this.certificateProfiles = certificateProfiles;
    this.policies = policies;
  }

  @Override
  @Transactional
  public DeviceProfile applyProfile(String name, String yaml, Actor actor) {
    DeviceProfile profile = profiles.apply(yaml, actor);
    requireSame(name, profile.name());
    return profile;
  }

  @Override
  @Transactional
  public CertificateProfile applyCertificateProfile(String name, String yaml, Actor actor) {
    CertificateProfile profile = certificateProfiles.apply(yaml, actor);
    requireSame(name, profile.name());
    return profile;
  }

  @Override
  @Transactional
  public Policy applyPolicy(String name, String yaml, Actor actor) {
    Policy policy = policies.apply(yaml, actor);
    requireSame(name, policy.name());
    return policy;
  }

  private static void requireSame(String path, String document) {
    if (!path.equals(document)) {
      throw new Refusal(
          AdminProblem.NAME_DIFFERS,
          "The document's metadata.name is " + document + "; put it under that name.");
    }
  }
}
