package io.sallyport.boot;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.util.List;
import java.util.Optional;

/** Where the server keeps its files and on which ports it listens; port 0 means any free one. */
@ConfigMapping(prefix = "sallyport")
public interface BootSettings {
  /** The folder for root.pem, admin.token and, without a database URL, the database. */
  @WithDefault("data")
  String data();

  /** Devices and enforcement points. */
  @WithDefault("8443")
  int httpsPort();

  /** OCSP, CRL and CA certificates. */
  @WithDefault("8080")
  int httpPort();

  /** People and automation. */
  @WithDefault("9443")
  int peoplePort();

  /** Health and metrics. */
  @WithDefault("9000")
  int managementPort();

  /** Address that health and metrics listen on, in plain HTTP and without a password: a network of their own only. */
  @WithDefault("127.0.0.1")
  String managementListen();

  /** Address that the fronts for devices and status listen on. */
  @WithDefault("0.0.0.0")
  String listen();

  /** Further names of this server for its certificates, besides localhost and the host's own. */
  Optional<List<String>> hostNames();

  /** Bearer token of the first administrator; made up and written to admin.token when the server runs its own database. */
  Optional<String> adminToken();

  /**
   * Where the root's key is: {@code here}, or {@code offline}, when the server only makes requests for it. Default: here
   * with a database of its own, offline with a database URL.
   */
  Optional<RootKey> root();

  /**
   * With an offline root, the folder in which root.pem and a certificate for each authority are looked for; without it
   * the data folder.
   */
  Optional<String> certificates();

  /** Where a root's key may be. */
  enum RootKey {
    HERE,
    OFFLINE
  }

  /** Database URL; without one the server runs its own PostgreSQL. */
  Optional<String> dbUrl();

  Optional<String> dbUser();

  Optional<String> dbPassword();
}
