// The commands of Mosquitto's dynamic-security plugin.
#pragma once

#include "multimqtt/client.hpp"
#include "multimqtt/dynsec_error.hpp"
#include "multimqtt/dynsec_values.hpp"
#include "multimqtt/result.hpp"

#include <boost/json/object.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace multimqtt {

namespace dynsec {
class Request;
struct Shared;
}  // namespace dynsec

struct DynsecOptions {
    /// For connecting, subscribing to the answers, and the answer, together.
    std::chrono::milliseconds timeout{5'000};
    /// Whether the client's prefix is put before the topics of ACLs, behind "$share/{group}/" if that is
    /// there. Other topics that begin with "$" never get it.
    bool prefix_topics = true;
    /// Whether passwords may travel unencrypted to a broker that is not on this host.
    bool allow_plain_passwords = false;
};

/// What became of each command of a batch: its data, empty for most, or why it failed.
using DynsecAnswers = std::vector<Result<boost::json::object>>;

/// A batch of commands on its way; for bindings and programs that cannot wait in one go.
///
/// Threads: one thread at a time.
class DynsecRequest {
public:
    explicit DynsecRequest(std::unique_ptr<dynsec::Request> request) noexcept;
    DynsecRequest(DynsecRequest&&) noexcept;
    DynsecRequest& operator=(DynsecRequest&&) noexcept;
    ~DynsecRequest();

    /// Goes on with the request for at most `time`. Nothing: it is still under way, and `wait` must be called
    /// again for it to go on.
    [[nodiscard]] std::optional<Result<DynsecAnswers>> wait(std::chrono::milliseconds time);

private:
    std::unique_ptr<dynsec::Request> request_;
};

/// Administers clients, groups and roles of a Mosquitto with the dynamic-security plugin.
///
///     multimqtt::Dynsec dynsec{client};
///     dynsec.create_role({.name = "reader", .acls = {{AclType::subscribe_pattern, "a/#", Access::allow}}});
///     dynsec.create_client({.username = "bob", .password = "secret", .roles = {"reader"}}).value();
///
/// Every function asks the broker and waits for its answer. Commands that change what clients may do
/// disconnect the clients concerned. Where that is this client itself, the answer cannot come: the failure is
/// `interrupted`, and the command has been carried out.
///
/// Requests are sent with QoS 0, once: the broker disconnects a client that changes its own rights before it
/// acknowledges the request, and a session that sends again what was not acknowledged would repeat that for
/// ever.
///
/// Errors: those of `DynsecError`; where the request could not be sent, `timed_out` (no connection),
/// `not_connected`,
///         `closed`, `inherited` and those of `Client::publish`; `would_block` on the I/O thread, see
///         `Observer`. No failure holds a password.
/// Threads: every function may be called from any thread, handlers included, and waits.
/// Spec:    Eclipse Mosquitto, plugins/dynamic-security, versions 2.0 and 2.1.
class Dynsec {
public:
    /// `client` must outlive this object.
    explicit Dynsec(Client& client, DynsecOptions options = {});
    ~Dynsec();
    Dynsec(Dynsec&&) noexcept;
    Dynsec& operator=(Dynsec&&) noexcept;

    // Clients.
    Result<void> create_client(const ClientSpec& client);
    Result<void> modify_client(std::string_view username, const ClientChange& change);
    Result<void> delete_client(std::string_view username);
    Result<void> enable_client(std::string_view username);
    /// It can no longer log in, and is disconnected.
    Result<void> disable_client(std::string_view username);
    Result<ClientDetails> get_client(std::string_view username);
    Result<std::vector<std::string>> list_clients();
    Result<std::vector<ClientDetails>> list_client_details();
    /// Ties a client to the only client identifier that it may use; empty unties it.
    Result<void> set_client_id(std::string_view username, std::string_view client_id);
    Result<void> set_client_password(std::string_view username, std::string_view password);
    /// Errors: `already_exists` when the client has the role.
    Result<void> add_client_role(std::string_view username, const RankedName& role);
    /// Succeeds also when the client does not have the role.
    Result<void> remove_client_role(std::string_view username, std::string_view role);

    // Groups.
    Result<void> create_group(const GroupSpec& group);
    Result<void> modify_group(std::string_view group, const GroupChange& change);
    /// Errors: `forbidden` for the group of anonymous clients.
    Result<void> delete_group(std::string_view group);
    Result<GroupDetails> get_group(std::string_view group);
    Result<std::vector<std::string>> list_groups();
    Result<std::vector<GroupDetails>> list_group_details();
    /// `client`: its user name, and the rank of the group among the client's groups.
    Result<void> add_group_client(std::string_view group, const RankedName& client);
    Result<void> remove_group_client(std::string_view group, std::string_view username);
    Result<void> add_group_role(std::string_view group, const RankedName& role);
    Result<void> remove_group_role(std::string_view group, std::string_view role);
    /// Clients without a user name have the rights of this group.
    Result<void> set_anonymous_group(std::string_view group);
    /// Empty when there is none.
    Result<std::string> get_anonymous_group();

    // Roles.
    Result<void> create_role(const RoleSpec& role);
    Result<void> modify_role(std::string_view role, const RoleChange& change);
    Result<void> delete_role(std::string_view role);
    Result<RoleDetails> get_role(std::string_view role);
    Result<std::vector<std::string>> list_roles();
    Result<std::vector<RoleDetails>> list_role_details();
    Result<void> add_role_acl(std::string_view role, const Acl& acl);
    Result<void> remove_role_acl(std::string_view role, AclType type, std::string_view topic);

    // What holds for everybody.
    Result<void> set_default_access(const DefaultAccess& access);
    Result<DefaultAccess> get_default_access();
    /// Errors: `unknown_command` before Mosquitto 2.1.
    Result<DynsecDetails> get_details();

    // Commands as the plugin knows them.

    /// Runs commands in order, as one request. One that fails does not keep the next from running. Arguments
    /// are checked as those of the other functions, and ACLs must say whether they allow; topics are taken as
    /// they are.
    ///
    /// Errors: `invalid_argument`, and nothing has been sent.
    Result<DynsecAnswers> execute(std::span<const boost::json::object> commands);

    /// The same without waiting.
    [[nodiscard]] Result<DynsecRequest> start(std::span<const boost::json::object> commands);

private:
    Result<boost::json::object> run(boost::json::object command);
    Result<void> perform(boost::json::object command);
    Result<void> expect(std::string_view command, std::string_view member,
                        const std::vector<RankedName>& names);
    Result<boost::json::array> list(std::string_view command, std::string_view member, bool verbose);
    [[nodiscard]] std::string absolute(std::string_view topic) const;
    [[nodiscard]] boost::json::array acls_of(const std::vector<Acl>& acls) const;

    std::shared_ptr<dynsec::Shared> shared_;
};

}  // namespace multimqtt
