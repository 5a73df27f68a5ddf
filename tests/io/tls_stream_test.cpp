// TLS: who is trusted, who is not, and the sentence that says why.

#include "io/certificates.hpp"
#include "io/peer.hpp"
#include "io/stream_fixture.hpp"

#include <gmock/gmock.h>

#include <array>
#include <sys/socket.h>

namespace multimqtt::io {

namespace {

using testing::HasSubstr;

/// A file of the test authority by its name; other text stays as it is.
std::string resolved(const std::string& file) {
    return file.ends_with(".crt") || file.ends_with(".key") ? certificate(file) : file;
}

struct TlsCase {
    std::string name;
    std::string server = "server";  // The certificate that the broker shows.
    std::string host = "127.0.0.1";
    TlsOptions tls{};
    bool tls_1_2_only = false;
    std::string server_alpn{};
    bool client_certificate_required = false;
    Conduct conduct = Conduct::echo;
    std::vector<std::string> failure{};  // Parts of the sentence; empty: it works.
};

class TlsStreamTest : public StreamFixture {
protected:
    static Peer make_peer(const std::string& server, PeerOptions options = {}) {
        options.transport = Transport::tls;
        options.certfile = certificate(server + ".crt");
        options.keyfile = certificate(server + ".key");
        return Peer{options};
    }
};

class TlsTableTest : public TlsStreamTest, public testing::WithParamInterface<TlsCase> {};

TEST_P(TlsTableTest, WorksOrSaysWhyNot) {
    const TlsCase& row = GetParam();
    PeerOptions options;
    options.conduct = row.conduct;
    options.tls_1_2_only = row.tls_1_2_only;
    options.alpn = row.server_alpn;
    options.client_ca = row.client_certificate_required ? certificate("ca.crt") : "";
    Peer peer = make_peer(row.server, options);
    Endpoint endpoint = peer.endpoint();
    endpoint.host = row.host;
    TlsOptions tls = row.tls;
    for (auto* file : {&tls.ca_certs, &tls.certfile, &tls.keyfile}) {
        *file = resolved(*file);
    }

    // With TLS 1.3 the broker's opinion of our certificate shows only at the first read.
    const auto opened = open(endpoint, tls);
    const std::string outcome = opened ? sentence(exchange("hello")) : sentence(opened);
    if (row.failure.empty()) {
        EXPECT_EQ(outcome, "no failure");
    }
    for (const auto& part : row.failure) {
        EXPECT_THAT(outcome, HasSubstr(part));
    }
}

const std::vector<TlsCase> kTrust{
    {.name = "TrustsTheAuthorityInTheFile", .tls = {.ca_certs = "ca.crt"}},
    {.name = "AcceptsADnsName", .host = "localhost", .tls = {.ca_certs = "ca.crt"}},
    {.name = "AcceptsTheServerNameInPlaceOfTheHost",
     .server = "wrong_host",
     .tls = {.ca_certs = "ca.crt", .server_name = "broker.example"}},
    {.name = "IgnoresTheDotAtTheEndOfAName",
     .server = "wrong_host",
     .tls = {.ca_certs = "ca.crt", .server_name = "broker.example."}},
    {.name = "RefusesACertificateForAnotherName",
     .server = "wrong_host",
     .host = "localhost",
     .tls = {.ca_certs = "ca.crt"},
     .failure = {"the broker's certificate is not valid for 'localhost': it names broker.example;",
                 "tls.server_name"}},
    {.name = "RefusesACertificateForAnotherAddress",
     .server = "wrong_host",
     .tls = {.ca_certs = "ca.crt"},
     .failure = {"is not valid for '127.0.0.1': it names broker.example;"}},
    {.name = "ListsNamesAndAddressesOfTheCertificate",
     .tls = {.ca_certs = "ca.crt", .server_name = "other.example"},
     .failure = {"is not valid for 'other.example': it names 127.0.0.1, ::1, localhost;"}},
    {.name = "RefusesAnExpiredCertificate",
     .server = "expired",
     .tls = {.ca_certs = "ca.crt"},
     .failure = {"'CN=localhost'", "has expired on Jan  1 00:00:00 2021 GMT", "clock"}},
    {.name = "RefusesAnUnknownAuthority",
     .tls = {.ca_certs = "other_ca.crt"},
     .failure = {"not trusted here", "set tls.ca_certs"}},
    {.name = "RefusesAnAuthorityThatTheSystemDoesNotKnow",
     .failure = {"unable to get local issuer certificate", "set tls.ca_certs"}},
    {.name = "AcceptsAnythingWhenInsecure",
     .server = "expired",
     .host = "localhost",
     .tls = {.insecure = true}},
    {.name = "SaysThatThePortDoesNotSpeakTls",
     .conduct = Conduct::close_at_once,
     .failure = {"does the broker speak TLS on this port?"}},
};

const std::vector<TlsCase> kIdentity{
    {.name = "ShowsTheClientCertificate",
     .tls = {.ca_certs = "ca.crt", .certfile = "client.crt", .keyfile = "client.key"},
     .client_certificate_required = true},
    {.name = "ShowsTheClientCertificateOverTls12",
     .tls = {.ca_certs = "ca.crt", .certfile = "client.crt", .keyfile = "client.key"},
     .tls_1_2_only = true,
     .client_certificate_required = true},
    {.name = "DecryptsTheKey",
     .tls = {.ca_certs = "ca.crt",
             .certfile = "client.crt",
             .keyfile = "encrypted.key",
             .key_password = kKeyPassword},
     .client_certificate_required = true},
    {.name = "SaysThatAClientCertificateIsAskedFor",
     .tls = {.ca_certs = "ca.crt"},
     .client_certificate_required = true,
     .failure = {"the broker asks for a client certificate; set tls.certfile"}},
    {.name = "SaysThatAClientCertificateIsAskedForOverTls12",
     .tls = {.ca_certs = "ca.crt"},
     .tls_1_2_only = true,
     .client_certificate_required = true,
     .failure = {"the broker asks for a client certificate; set tls.certfile"}},
    {.name = "SaysThatTheBrokerDoesNotTrustTheClient",
     .tls = {.ca_certs = "ca.crt", .certfile = "foreign.crt", .keyfile = "foreign.key"},
     .client_certificate_required = true,
     .failure = {"the broker does not trust", "tls.certfile"}},
};

const std::vector<TlsCase> kProtocol{
    {.name = "SpeaksTls12", .tls = {.ca_certs = "ca.crt"}, .tls_1_2_only = true},
    {.name = "SpeaksTls13WhenThatIsTheLeast", .tls = {.ca_certs = "ca.crt", .min_version = "1.3"}},
    {.name = "RefusesAnOlderVersionThanTheLeast",
     .tls = {.ca_certs = "ca.crt", .min_version = "1.3"},
     .tls_1_2_only = true,
     .failure = {"the broker does not offer TLS 1.3 or newer (tls.min_version)"}},
    {.name = "UsesTheCiphersThatAreAskedFor",
     .tls = {.ca_certs = "ca.crt", .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"},
     .tls_1_2_only = true},
    {.name = "SaysThatNoCipherIsShared",
     .tls = {.ca_certs = "ca.crt", .ciphers = "ECDHE-RSA-AES128-GCM-SHA256"},
     .tls_1_2_only = true,
     .failure = {"no common ground", "tls.ciphers"}},
    {.name = "AgreesOnAnApplicationProtocol",
     .tls = {.ca_certs = "ca.crt", .alpn = {"x-other", "mqtt"}},
     .server_alpn = "mqtt"},
    {.name = "SaysThatNoApplicationProtocolIsShared",
     .tls = {.ca_certs = "ca.crt", .alpn = {"mqtt"}},
     .server_alpn = "x-other",
     .failure = {"the broker supports none of the protocols in tls.alpn"}},
};

std::string row_name(const testing::TestParamInfo<TlsCase>& row) {
    return row.param.name;
}

INSTANTIATE_TEST_SUITE_P(Trust, TlsTableTest, testing::ValuesIn(kTrust), row_name);
INSTANTIATE_TEST_SUITE_P(Identity, TlsTableTest, testing::ValuesIn(kIdentity), row_name);
INSTANTIATE_TEST_SUITE_P(Protocol, TlsTableTest, testing::ValuesIn(kProtocol), row_name);

struct BadOptions {
    std::string name;
    TlsOptions tls;
    std::string failure;
};

class TlsOptionsTest : public StreamFixture, public testing::WithParamInterface<BadOptions> {};

TEST_P(TlsOptionsTest, AreRefusedBeforeAnyConnection) {
    TlsOptions tls = GetParam().tls;
    for (auto* file : {&tls.ca_certs, &tls.certfile, &tls.keyfile}) {
        *file = resolved(*file);
    }
    Endpoint endpoint;
    endpoint.transport = Transport::tls;
    const auto made = make(endpoint, tls);
    ASSERT_FALSE(made);
    EXPECT_TRUE(made.error().is(Error::bad_config));
    EXPECT_THAT(made.error().message, HasSubstr(GetParam().failure));
    EXPECT_THAT(made.error().message, testing::Not(HasSubstr("wrong horse"))) << "passwords stay secret";
}

INSTANTIATE_TEST_SUITE_P(
    Files, TlsOptionsTest,
    testing::ValuesIn(std::vector<BadOptions>{
        {"MissingAuthorities",
         {.ca_certs = "/nowhere/ca.pem"},
         "tls.ca_certs: cannot read '/nowhere/ca.pem': No such"},
        {"AuthoritiesThatAreAFolder",
         {.ca_certs = "/tmp"},
         "tls.ca_certs: cannot read '/tmp': Is a directory"},
        {"AuthoritiesThatAreAKey", {.ca_certs = "client.key"}, "holds no certificate in PEM form"},
        {"MissingCertificate",
         {.certfile = "/nowhere/c.pem"},
         "tls.certfile: cannot read '/nowhere/c.pem': No such"},
        {"MissingKey", {.certfile = "client.crt", .keyfile = "/nowhere/k.pem"}, "tls.keyfile: cannot read"},
        {"CertificateWithoutKey", {.certfile = "client.crt"}, "holds no private key in PEM form"},
        {"KeyWithoutCertificate", {.keyfile = "client.key"}, "tls.keyfile is set but tls.certfile is not"},
        {"KeyOfAnotherCertificate",
         {.certfile = "client.crt", .keyfile = "foreign.key"},
         "does not belong to the certificate"},
        {"EncryptedKeyWithoutPassword",
         {.certfile = "client.crt", .keyfile = "encrypted.key"},
         "is encrypted; set tls.key_password"},
        {"EncryptedKeyWithAnotherPassword",
         {.certfile = "client.crt", .keyfile = "encrypted.key", .key_password = "wrong horse"},
         "tls.key_password is not its password"},
        {"UnknownVersion", {.min_version = "1.1"}, "tls.min_version is '1.1'; allowed are '1.2' and '1.3'"},
        {"UnknownCipher", {.ciphers = "NO-SUCH"}, "tls.ciphers: 'NO-SUCH' names no cipher"},
        {"EmptyApplicationProtocol", {.alpn = {""}}, "tls.alpn: '' has 0 bytes; allowed are 1 to 255"},
        {"ServerNameThatIsTooLong",
         {.server_name = std::string(300, 'x')},
         "is no name that TLS can ask for"},
    }),
    [](const auto& row) { return row.param.name; });

TEST_F(TlsStreamTest, AsksForTheHostByName) {
    Peer peer = make_peer("server", {.alpn = "mqtt"});
    auto endpoint = peer.endpoint();
    endpoint.host = "localhost";
    ASSERT_TRUE(open(endpoint, {.ca_certs = certificate("ca.crt"), .alpn = {"mqtt"}}));
    ASSERT_TRUE(exchange("hello"));
    stream_->close();
    const auto seen = peer.after_client();
    EXPECT_EQ(seen.server_name, "localhost");
    EXPECT_EQ(seen.alpn, "mqtt");
}

TEST_F(TlsStreamTest, NamesNoHostWhenItIsAnAddress) {
    Peer peer = make_peer("server");
    ASSERT_TRUE(open(peer.endpoint(), {.ca_certs = certificate("ca.crt")}));
    stream_->close();
    EXPECT_EQ(peer.after_client().server_name, "");
}

TEST_F(TlsStreamTest, SaysGoodbyeWhenItCloses) {
    Peer peer = make_peer("server");
    ASSERT_TRUE(open(peer.endpoint(), {.ca_certs = certificate("ca.crt")}));
    ASSERT_TRUE(exchange("hello"));
    stream_->close();
    EXPECT_TRUE(peer.after_client().orderly_end);
}

TEST_F(TlsStreamTest, DeliversWhatWasTriedRightBeforeItCloses) {
    Peer peer = make_peer("server");
    ASSERT_TRUE(open(peer.endpoint(), {.ca_certs = certificate("ca.crt")}));
    ASSERT_TRUE(stream_->try_write(std::as_bytes(std::span{"last words", 10})));
    stream_->close();
    EXPECT_EQ(peer.after_client().received, "last words");
}

TEST_F(TlsStreamTest, ReportsTheBrokersGoodbyeAsALostConnection) {
    Peer peer = make_peer("server", {.conduct = Conduct::close_after});
    ASSERT_TRUE(open(peer.endpoint(), {.ca_certs = certificate("ca.crt")}));
    std::array<std::byte, 16> buffer{};
    for (int round = 0; round < 2; ++round) {
        const auto count = read_some(buffer);
        ASSERT_FALSE(count);
        EXPECT_TRUE(count.error().is(Error::connection_lost)) << sentence(count);
    }
}

TEST_F(TlsStreamTest, SaysThatAPlainServerAnsweredInsteadOfTls) {
    Peer peer{{.conduct = Conduct::sends_text}};
    auto endpoint = peer.endpoint();
    endpoint.transport = Transport::tls;
    EXPECT_THAT(sentence(open(endpoint)), HasSubstr("the broker does not speak TLS on this port"));
}

TEST_F(TlsStreamTest, GoesOnAfterATryThatCouldNotBeSentWhole) {
    Peer peer = make_peer("server", {.conduct = Conduct::echo});
    ASSERT_TRUE(open(peer.endpoint(), {.ca_certs = certificate("ca.crt")}));
    std::string bytes(32 * 1'024 * 1'024, 'm');
    std::size_t sent = 0;
    while (sent < bytes.size()) {  // Until both directions are full: nobody reads the echo.
        const auto count = stream_->try_write(std::as_bytes(std::span{bytes}.subspan(sent)));
        ASSERT_TRUE(count) << sentence(count);
        if (*count == 0) {
            break;
        }
        sent += *count;
    }
    ASSERT_GT(sent, 0u);
    std::size_t count = 0;
    std::vector<std::byte> buffer(65'536);
    while (count < sent) {
        const auto got = read_some(buffer);
        ASSERT_TRUE(got) << sentence(got);
        count += *got;
    }
    EXPECT_EQ(exchange("still in step").value(), "still in step");
}

}  // namespace

}  // namespace multimqtt::io
