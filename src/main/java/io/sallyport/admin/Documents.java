package io.sallyport.admin;

import io.sallyport.devices.DeviceProfile;
import io.sallyport.kernel.Actor;
import io.sallyport.pki.CertificateProfile;
import io.sallyport.policy.Policies.Policy;

/** Applies documents under the name that the path gave; refuses with {@code name-differs} and changes nothing. */
public interface Documents {
  DeviceProfile applyProfile(String name, String yaml, Actor actor);

  CertificateProfile applyCertificateProfile(String name, String yaml, Actor actor);

  Policy applyPolicy(String name, String yaml, Actor actor);
}
