package io.sallyport.attestation;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.Device;
import io.sallyport.devices.DeviceProblem;
import io.sallyport.devices.DeviceProfile;
import io.sallyport.devices.DeviceProfiles;
import io.sallyport.devices.DeviceState;
import io.sallyport.devices.DeviceState.Operation;
import io.sallyport.devices.Devices;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.KeyAlgorithm;
import io.sallyport.keys.KeyHandle;
import io.sallyport.keys.Keys;
import io.sallyport.pki.CertificateSubject;
import io.sallyport.pki.Credential;
import io.sallyport.pki.CredentialIdentity;
import io.sallyport.pki.Credentials;
import io.sallyport.pki.RevocationReason;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/** The doors that attestation stands on, in memory: as much of each as it uses. */
final class Fakes {
  private Fakes() {}

  private static UnsupportedOperationException unused() {
    return new UnsupportedOperationException("attestation does not use this");
  }

  /** Runs the work at once and notes that a transaction is open meanwhile. */
  static final class FakeTransactions implements Transactions {
    boolean open;

    @Override
    public <T> T begin(Supplier<T> work) {
      if (open) {
        throw new IllegalStateException("a transaction within a transaction");
      }
      open = true;
      try {
        return work.get();
      } finally {
        open = false;
      }
    }
  }

  static final class FakeStore implements AttestationStore {
    record Row(UUID device, Instant expiresAt, boolean used) {}

    final Map<Digest, Row> challenges = new HashMap<>();
    final Map<UUID, Evidence> evidence = new LinkedHashMap<>();
    final List<Appraisal> appraisals = new ArrayList<>();

    @Override
    public void add(Digest nonce, UUID device, Instant now, Instant expiresAt) {
      challenges.put(nonce, new Row(device, expiresAt, false));
    }

    @Override
    public boolean consume(Digest nonce, UUID device, Instant now) {
      Row row = challenges.get(nonce);
      if (row == null
          || row.used()
          || !row.device().equals(device)
          || !row.expiresAt().isAfter(now)) {
        return false;
      }
      challenges.put(nonce, new Row(device, row.expiresAt(), true));
      return true;
    }

    @Override
    public void add(Evidence added, Appraisal appraisal) {
      evidence.put(added.id(), added);
      appraisals.add(appraisal);
    }

    @Override
    public void end(UUID device, Instant at) {
      throw unused();
    }

    @Override
    public Optional<Appraisal> newest(UUID device) {
      return appraisals.stream()
          .filter(appraisal -> appraisal.device().equals(device))
          .max(Comparator.comparing(Appraisal::at).thenComparing(Appraisal::id));
    }
  }

  static final class FakeAudit implements Audit {
    final List<Fact> facts = new ArrayList<>();
    final List<Fact> refusals = new ArrayList<>();

    @Override
    public void record(Fact fact) {
      facts.add(fact);
    }

    @Override
    public void recordRefusal(Fact fact) {
      refusals.add(fact);
    }
  }

  /** One P-256 key a purpose; refuses to sign while a transaction is open. */
  static final class FakeKeys implements Keys {
    private final FakeTransactions transactions;
    private final Map<UUID, KeyPair> pairs = new HashMap<>();
    private final Map<String, List<KeyHandle>> handles = new HashMap<>();
    Runnable beforeSigning = () -> {};

    FakeKeys(FakeTransactions transactions) {
      this.transactions = transactions;
    }

    @Override
    public KeyHandle generate(KeyAlgorithm algorithm, String purpose) {
      try {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        KeyPair pair = generator.generateKeyPair();
        KeyHandle handle =
            new KeyHandle(UUID.randomUUID(), algorithm, Der.of(pair.getPublic().getEncoded()));
        pairs.put(handle.id(), pair);
        handles.computeIfAbsent(purpose, any -> new ArrayList<>()).addFirst(handle);
        return handle;
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public List<KeyHandle> of(String purpose) {
      return List.copyOf(handles.getOrDefault(purpose, List.of()));
    }

    @Override
    public byte[] sign(UUID id, byte[] data) {
      if (transactions.open) {
        throw new IllegalStateException("a signature inside a transaction");
      }
      beforeSigning.run();
      try {
        Signature signature = Signature.getInstance("SHA256withECDSA");
        signature.initSign(Objects.requireNonNull(pairs.get(id)).getPrivate());
        signature.update(data);
        return signature.sign();
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public KeyHandle get(UUID id) {
      throw unused();
    }

    @Override
    public TlsIdentity tlsIdentity(UUID key, List<X509Certificate> chain) {
      throw unused();
    }

    @Override
    public X509ExtendedKeyManager keyManager(Supplier<TlsIdentity> identity) {
      throw unused();
    }

    @Override
    public byte[] seal(byte[] secret, String context) {
      throw unused();
    }

    @Override
    public byte[] unseal(byte[] sealed, String context) {
      throw unused();
    }
  }

  static final class FakeProfiles implements DeviceProfiles {
    @Nullable
    DeviceProfile profile = DeviceReportAppraiserTest.profile(true);

    @Override
    public Optional<DeviceProfile> find(String name) {
      return Optional.ofNullable(profile).filter(found -> found.name().equals(name));
    }

    @Override
    public DeviceProfile apply(String yaml, Actor actor) {
      throw unused();
    }

    @Override
    public Page<DeviceProfile> list(@Nullable String cursor, int limit) {
      throw unused();
    }
  }

  static final class FakeCredentials implements Credentials {
    final Map<Digest, Credential> issued = new HashMap<>();

    @Override
    public Map<String, List<CredentialIdentity>> unrevoked(
        CertificateSubject.Kind kind, Collection<String> subjects) {
      throw unused();
    }

    @Override
    public List<Credential> live(CertificateSubject.Kind kind) {
      throw unused();
    }

    @Override
    public Optional<Credential> byThumbprint(Digest thumbprint) {
      return Optional.ofNullable(issued.get(thumbprint));
    }

    void revoke(Credential credential, Instant at) {
      issued.put(
          credential.thumbprint(),
          new Credential(
              credential.authority(),
              credential.serial(),
              credential.subject(),
              credential.profile(),
              credential.thumbprint(),
              credential.key(),
              credential.notBefore(),
              credential.notAfter(),
              null,
              null,
              new Credential.Revocation(at, RevocationReason.KEY_COMPROMISE),
              credential.certificate()));
    }

    @Override
    public Optional<Credential> bySerial(String authority, BigInteger serial) {
      throw unused();
    }

    @Override
    public List<Credential> of(CertificateSubject subject) {
      throw unused();
    }

    @Override
    public Page<Credential> list(Set<String> sites, @Nullable String cursor, int limit) {
      throw unused();
    }

    @Override
    public void used(Credential credential) {
      throw unused();
    }

    @Override
    public Credential revoke(
        String authority, BigInteger serial, RevocationReason reason, Actor actor) {
      throw unused();
    }

    @Override
    public Credential release(String authority, BigInteger serial, Actor actor) {
      throw unused();
    }

    @Override
    public int revokeOthers(
        UUID device, Set<String> profiles, RevocationReason reason, Actor actor) {
      throw unused();
    }

    @Override
    public void revokeAll(CertificateSubject subject, RevocationReason reason, Actor actor) {
      throw unused();
    }
  }

  static final class FakeDevices implements Devices {
    @Override
    public void requireSound(Digest key) {
      throw unused();
    }

    @Override
    public void condemnKey(Digest key) {
      throw unused();
    }

    final Map<UUID, Device> devices = new HashMap<>();
    final Set<Digest> reserved = new HashSet<>();

    @Override
    public Optional<Device> find(UUID id) {
      return Optional.ofNullable(devices.get(id));
    }

    @Override
    public List<String> sites() {
      throw unused();
    }

    @Override
    public Device get(UUID id, Set<String> sites) {
      return get(id);
    }

    @Override
    public Device get(UUID id) {
      return find(id).orElseThrow(() -> new Refusal(DeviceProblem.UNKNOWN_DEVICE, "unknown"));
    }

    @Override
    public Device lock(UUID id) {
      return get(id);
    }

    @Override
    public void require(Device device, Operation operation) {
      if (!device.state().may(operation)) {
        throw new Refusal(
            DeviceProblem.WRONG_STATE, "The device is " + device.state().word() + ".");
      }
    }

    void become(UUID id, DeviceState state) {
      Device old = get(id);
      devices.put(
          id,
          new Device(
              id,
              old.hardware(),
              old.profile(),
              old.owner(),
              old.site(),
              old.labels(),
              state,
              old.revocationCounter(),
              old.createdAt()));
    }

    @Override
    public void reserveKey(Digest key) {
      reserved.add(key);
    }

    @Override
    public Device register(Registration registration, Actor actor) {
      throw unused();
    }

    @Override
    public Optional<Device> onHardware(String manufacturer, String serialNumber) {
      throw unused();
    }

    @Override
    public Page<Device> list(Filter filter, @Nullable String cursor, int limit) {
      throw unused();
    }

    @Override
    public List<Fact> activateAll(Map<UUID, Actor> actors) {
      throw unused();
    }

    @Override
    public List<Device> ofUnit(UUID hardwareUnit) {
      throw unused();
    }

    @Override
    public Device change(UUID id, Change change, String reason, Actor actor) {
      throw unused();
    }

    @Override
    public Device quarantine(UUID id, String reason, Actor actor) {
      throw unused();
    }

    @Override
    public Device release(UUID id, String reason, Actor actor) {
      throw unused();
    }

    @Override
    public Device suspend(UUID id, String reason, Actor actor) {
      throw unused();
    }

    @Override
    public Device wipe(UUID id, String reason, Actor actor) {
      throw unused();
    }

    @Override
    public Device decommission(UUID id, String reason, Actor actor) {
      throw unused();
    }

    @Override
    public void raiseRevocationCounter(UUID id) {
      throw unused();
    }

    @Override
    public void claimKey(UUID hardwareUnit, Digest key, String kind) {
      throw unused();
    }

    @Override
    public OptionalInt claimKeys(List<KeyClaim> claims) {
      throw unused();
    }
  }
}
