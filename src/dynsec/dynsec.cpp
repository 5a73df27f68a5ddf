// Each typed function as a command.
#include "multimqtt/dynsec.hpp"

#include "dynsec/answer.hpp"
#include "dynsec/command.hpp"
#include "dynsec/request.hpp"

#include <algorithm>
#include <utility>

namespace multimqtt {
namespace {

namespace json = boost::json;
using Names = std::vector<RankedName>;

/// How many objects one answer brings at most. Chosen so that it stays below the packet sizes that brokers
/// are set to, at some hundred bytes each.
constexpr int kPageSize = 500;

/// How often a list that changes while it is read is begun again before it is asked for in one piece.
constexpr int kReadingsMax = 5;

/// Hosts that no network lies before.
bool is_loopback(std::string_view host) noexcept {
    const bool is_ipv4 = host.find_first_not_of("0123456789.") == std::string_view::npos;
    return host == "localhost" || host == "::1" || (is_ipv4 && host.starts_with("127."));
}

bool is_private(const Endpoint& endpoint) noexcept {
    switch (endpoint.transport) {
        case Transport::tls:
        case Transport::secure_websocket:
        case Transport::unix_socket:
            return true;
        case Transport::tcp:
        case Transport::websocket:
            return is_loopback(endpoint.host);
    }
    return false;
}

/// The plugin does not tell apart the case of ASCII letters in names.
bool same_name(std::string_view one, std::string_view other) noexcept {
    const auto lower = [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? letter + ('a' - 'A') : int{letter};
    };
    return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                      [&](char left, char right) { return lower(left) == lower(right); });
}

void put(json::object& command, std::string_view member, const std::string& text) {
    if (!text.empty()) {
        command[member] = text;
    }
}

template <class Value>
void put(json::object& command, std::string_view member, const std::optional<Value>& value) {
    if (value) {
        command[member] = *value;
    }
}

void put(json::object& command, std::string_view list, std::string_view member,
         const std::vector<RankedName>& names) {
    if (!names.empty()) {
        command[list] = dynsec::names_of(member, names);
    }
}

void put(json::object& command, std::string_view list, std::string_view member,
         const std::optional<std::vector<RankedName>>& names) {
    if (names) {
        command[list] = dynsec::names_of(member, *names);
    }
}

void put_priority(json::object& command, int priority) {
    if (priority != -1) {
        command["priority"] = priority;
    }
}

template <class Value, class Read>
Result<Value> read(const Result<json::object>& data, Read reading) {
    if (!data) {
        return data.error();
    }
    return reading(*data);
}

template <class Value, class Read>
Result<std::vector<Value>> read_each(const Result<json::array>& list, Read reading) {
    if (!list) {
        return list.error();
    }
    std::vector<Value> values;
    for (const json::value& value : *list) {
        if (value.is_object()) {
            values.push_back(reading(value.get_object()));
        }
    }
    return values;
}

// Before Mosquitto 2.1 the plugin ignores the wish without a word, and the role allows what it should not.
Result<void> check_wildcard_refusal(Dynsec& dynsec, const json::object& command,
                                    const std::optional<bool>& allow_wildcard_subs) {
    if (allow_wildcard_subs.value_or(true)) {
        return {};
    }
    const Result<DynsecDetails> details = dynsec.get_details();
    if (details) {
        return {};
    }
    if (details.error().code != make_error_code(DynsecError::unknown_command)) {
        return details.error();
    }
    return Failure{DynsecError::unknown_command,
                   dynsec::describe(command) +
                       ": the broker's plugin is too old to keep a role from subscribing with wildcards; "
                       "Mosquitto 2.1 can, and literal ACLs do it everywhere"};
}

Result<std::vector<std::string>> read_names(const Result<json::array>& list) {
    if (!list) {
        return list.error();
    }
    return dynsec::texts_of(*list);
}

}  // namespace

Dynsec::Dynsec(Client& client, DynsecOptions options)
    : shared_{std::make_shared<dynsec::Shared>(client, options)} {
}
Dynsec::~Dynsec() = default;
Dynsec::Dynsec(Dynsec&&) noexcept = default;
Dynsec& Dynsec::operator=(Dynsec&&) noexcept = default;

// Commands as the plugin knows them.

Result<DynsecRequest> Dynsec::start(std::span<const json::object> commands) {
    if (commands.empty()) {
        return Failure{DynsecError::invalid_argument, "there is no command in the batch"};
    }
    for (const json::object& command : commands) {
        if (auto checked = dynsec::check(command); !checked) {
            return checked.error();
        }
        const auto& endpoints = shared_->client.options().endpoints;
        const auto open = std::find_if_not(endpoints.begin(), endpoints.end(), is_private);
        if (!shared_->options.allow_plain_passwords && dynsec::has_password(command) &&
            open != endpoints.end()) {
            return Failure{DynsecError::insecure,
                           dynsec::describe(command) + ": the password would travel unencrypted to " +
                               open->to_string() +
                               "; use TLS, or allow it with the option allow_plain_passwords"};
        }
    }
    return DynsecRequest{std::make_unique<dynsec::Request>(
        shared_, std::vector<json::object>(commands.begin(), commands.end()))};
}

Result<DynsecAnswers> Dynsec::execute(std::span<const json::object> commands) {
    if (inside_observer()) {
        return Failure{Error::would_block,
                       dynsec::describe(commands) +
                           ": the answer comes through the I/O thread, which cannot wait for it; "
                           "ask from another thread"};
    }
    auto request = start(commands);
    if (!request) {
        return request.error();
    }
    std::optional<Result<DynsecAnswers>> answers;
    while (!answers) {
        answers = request->wait(shared_->options.timeout);
    }
    return *std::move(answers);
}

Result<json::object> Dynsec::run(json::object command) {
    Result<DynsecAnswers> answers = execute({&command, 1});
    if (!answers) {
        return answers.error();
    }
    return std::move(answers->front());
}

Result<void> Dynsec::perform(json::object command) {
    const Result<json::object> data = run(std::move(command));
    if (!data) {
        return data.error();
    }
    return {};
}

// Mosquitto 2.0 leaves out, without a word, groups and clients that do not exist.
Result<void> Dynsec::expect(std::string_view command, std::string_view member,
                            const std::vector<RankedName>& names) {
    if (names.empty()) {
        return {};
    }
    std::vector<json::object> questions;
    questions.reserve(names.size());
    for (const RankedName& name : names) {
        questions.push_back({{"command", command}, {member, name.name}});
    }
    const Result<DynsecAnswers> answers = execute(questions);
    if (!answers) {
        return answers.error();
    }
    for (const Result<json::object>& answer : *answers) {
        if (!answer) {
            return answer.error();
        }
    }
    return {};
}

// The plugin's pages have no cursor: what comes or goes while they are read moves the others. The total
// tells.
Result<json::array> Dynsec::list(std::string_view command, std::string_view member, bool verbose) {
    for (int reading = 0;; ++reading) {
        const bool in_one_piece = reading >= kReadingsMax;
        json::array all;
        std::optional<std::uint64_t> total;
        for (bool more = true; more;) {
            const Result<json::object> page = run({{"command", command},
                                                   {"verbose", verbose},
                                                   {"count", in_one_piece ? -1 : kPageSize},
                                                   {"offset", all.size()}});
            if (!page) {
                return page.error();
            }
            const std::uint64_t counted = dynsec::count_in(*page, "totalCount");
            if (total.value_or(counted) != counted) {
                total.reset();
                break;
            }
            total = counted;
            const json::array& found = dynsec::array_in(*page, member);
            all.insert(all.end(), found.begin(), found.end());
            more = !in_one_piece && !found.empty() && all.size() < counted;
        }
        if (total) {
            return all;
        }
    }
}

std::string Dynsec::absolute(std::string_view topic) const {
    return shared_->options.prefix_topics ? dynsec::prefixed(shared_->client.options().prefix, topic)
                                          : std::string{topic};
}

json::array Dynsec::acls_of(const std::vector<Acl>& acls) const {
    json::array list;
    for (const Acl& acl : acls) {
        list.emplace_back(dynsec::acl_of(acl, absolute(acl.topic)));
    }
    return list;
}

// Clients.

Result<void> Dynsec::create_client(const ClientSpec& client) {
    json::object command{{"command", "createClient"}, {"username", client.username}};
    put(command, "password", client.password);
    put(command, "clientid", client.client_id);
    put(command, "textname", client.text_name);
    put(command, "textdescription", client.text_description);
    put(command, "roles", "rolename", client.roles);
    put(command, "groups", "groupname", client.groups);
    if (auto there = expect("getGroup", "groupname", client.groups); !there) {
        return there;
    }
    return perform(std::move(command));
}

Result<void> Dynsec::modify_client(std::string_view username, const ClientChange& change) {
    json::object command{{"command", "modifyClient"}, {"username", username}};
    put(command, "password", change.password);
    put(command, "clientid", change.client_id);
    put(command, "textname", change.text_name);
    put(command, "textdescription", change.text_description);
    put(command, "roles", "rolename", change.set_roles);
    put(command, "groups", "groupname", change.set_groups);
    if (auto there = expect("getGroup", "groupname", change.set_groups.value_or(Names{})); !there) {
        return there;
    }
    return perform(std::move(command));
}

Result<void> Dynsec::delete_client(std::string_view username) {
    return perform({{"command", "deleteClient"}, {"username", username}});
}

Result<void> Dynsec::enable_client(std::string_view username) {
    return perform({{"command", "enableClient"}, {"username", username}});
}

Result<void> Dynsec::disable_client(std::string_view username) {
    return perform({{"command", "disableClient"}, {"username", username}});
}

Result<ClientDetails> Dynsec::get_client(std::string_view username) {
    return read<ClientDetails>(
        run({{"command", "getClient"}, {"username", username}}),
        [](const json::object& data) { return dynsec::client_of(dynsec::object_in(data, "client")); });
}

Result<std::vector<std::string>> Dynsec::list_clients() {
    return read_names(list("listClients", "clients", false));
}

Result<std::vector<ClientDetails>> Dynsec::list_client_details() {
    return read_each<ClientDetails>(list("listClients", "clients", true), &dynsec::client_of);
}

Result<void> Dynsec::set_client_id(std::string_view username, std::string_view client_id) {
    return perform({{"command", "setClientId"}, {"username", username}, {"clientid", client_id}});
}

Result<void> Dynsec::set_client_password(std::string_view username, std::string_view password) {
    return perform({{"command", "setClientPassword"}, {"username", username}, {"password", password}});
}

Result<void> Dynsec::add_client_role(std::string_view username, const RankedName& role) {
    json::object command{{"command", "addClientRole"}, {"username", username}, {"rolename", role.name}};
    put_priority(command, role.priority);
    return perform(std::move(command));
}

Result<void> Dynsec::remove_client_role(std::string_view username, std::string_view role) {
    return perform({{"command", "removeClientRole"}, {"username", username}, {"rolename", role}});
}

// Groups.

Result<void> Dynsec::create_group(const GroupSpec& group) {
    json::object command{{"command", "createGroup"}, {"groupname", group.name}};
    put(command, "textname", group.text_name);
    put(command, "textdescription", group.text_description);
    put(command, "roles", "rolename", group.roles);
    return perform(std::move(command));
}

Result<void> Dynsec::modify_group(std::string_view group, const GroupChange& change) {
    json::object command{{"command", "modifyGroup"}, {"groupname", group}};
    put(command, "textname", change.text_name);
    put(command, "textdescription", change.text_description);
    put(command, "roles", "rolename", change.set_roles);
    put(command, "clients", "username", change.set_clients);
    if (auto there = expect("getClient", "username", change.set_clients.value_or(Names{})); !there) {
        return there;
    }
    return perform(std::move(command));
}

// Mosquitto 2.0 deletes the anonymous group all the same, and crashes when it is asked about it next.
Result<void> Dynsec::delete_group(std::string_view group) {
    const Result<std::string> anonymous = get_anonymous_group();
    if (!anonymous) {
        return anonymous.error();
    }
    if (same_name(*anonymous, group)) {
        return Failure{DynsecError::forbidden,
                       "deleteGroup groupname '" + std::string{group} +
                           "': it is the group of anonymous clients; make another group "
                           "that of anonymous clients first"};
    }
    return perform({{"command", "deleteGroup"}, {"groupname", group}});
}

Result<GroupDetails> Dynsec::get_group(std::string_view group) {
    return read<GroupDetails>(
        run({{"command", "getGroup"}, {"groupname", group}}),
        [](const json::object& data) { return dynsec::group_of(dynsec::object_in(data, "group")); });
}

Result<std::vector<std::string>> Dynsec::list_groups() {
    return read_names(list("listGroups", "groups", false));
}

Result<std::vector<GroupDetails>> Dynsec::list_group_details() {
    return read_each<GroupDetails>(list("listGroups", "groups", true), &dynsec::group_of);
}

Result<void> Dynsec::add_group_client(std::string_view group, const RankedName& client) {
    json::object command{{"command", "addGroupClient"}, {"groupname", group}, {"username", client.name}};
    put_priority(command, client.priority);
    return perform(std::move(command));
}

Result<void> Dynsec::remove_group_client(std::string_view group, std::string_view username) {
    return perform({{"command", "removeGroupClient"}, {"groupname", group}, {"username", username}});
}

Result<void> Dynsec::add_group_role(std::string_view group, const RankedName& role) {
    json::object command{{"command", "addGroupRole"}, {"groupname", group}, {"rolename", role.name}};
    put_priority(command, role.priority);
    return perform(std::move(command));
}

Result<void> Dynsec::remove_group_role(std::string_view group, std::string_view role) {
    return perform({{"command", "removeGroupRole"}, {"groupname", group}, {"rolename", role}});
}

Result<void> Dynsec::set_anonymous_group(std::string_view group) {
    return perform({{"command", "setAnonymousGroup"}, {"groupname", group}});
}

Result<std::string> Dynsec::get_anonymous_group() {
    return read<std::string>(run({{"command", "getAnonymousGroup"}}), [](const json::object& data) {
        return dynsec::text_in(dynsec::object_in(data, "group"), "groupname");
    });
}

// Roles.

Result<void> Dynsec::create_role(const RoleSpec& role) {
    json::object command{{"command", "createRole"}, {"rolename", role.name}};
    put(command, "textname", role.text_name);
    put(command, "textdescription", role.text_description);
    put(command, "allowwildcardsubs", role.allow_wildcard_subs);
    if (!role.acls.empty()) {
        command["acls"] = acls_of(role.acls);
    }
    if (auto checked = check_wildcard_refusal(*this, command, role.allow_wildcard_subs); !checked) {
        return checked;
    }
    return perform(std::move(command));
}

Result<void> Dynsec::modify_role(std::string_view role, const RoleChange& change) {
    json::object command{{"command", "modifyRole"}, {"rolename", role}};
    put(command, "textname", change.text_name);
    put(command, "textdescription", change.text_description);
    put(command, "allowwildcardsubs", change.allow_wildcard_subs);
    if (change.set_acls) {
        command["acls"] = acls_of(*change.set_acls);
    }
    if (auto checked = check_wildcard_refusal(*this, command, change.allow_wildcard_subs); !checked) {
        return checked;
    }
    return perform(std::move(command));
}

Result<void> Dynsec::delete_role(std::string_view role) {
    return perform({{"command", "deleteRole"}, {"rolename", role}});
}

Result<RoleDetails> Dynsec::get_role(std::string_view role) {
    return read<RoleDetails>(run({{"command", "getRole"}, {"rolename", role}}), [](const json::object& data) {
        return dynsec::role_of(dynsec::object_in(data, "role"));
    });
}

Result<std::vector<std::string>> Dynsec::list_roles() {
    return read_names(list("listRoles", "roles", false));
}

Result<std::vector<RoleDetails>> Dynsec::list_role_details() {
    return read_each<RoleDetails>(list("listRoles", "roles", true), &dynsec::role_of);
}

Result<void> Dynsec::add_role_acl(std::string_view role, const Acl& acl) {
    json::object command{{"command", "addRoleACL"}, {"rolename", role}};
    for (auto& [member, value] : dynsec::acl_of(acl, absolute(acl.topic))) {
        command[member] = std::move(value);
    }
    return perform(std::move(command));
}

Result<void> Dynsec::remove_role_acl(std::string_view role, AclType type, std::string_view topic) {
    return perform({{"command", "removeRoleACL"},
                    {"rolename", role},
                    {"acltype", to_string(type)},
                    {"topic", absolute(topic)}});
}

// What holds for everybody.

Result<void> Dynsec::set_default_access(const DefaultAccess& access) {
    json::array acls;
    const auto add = [&](std::string_view type, const std::optional<Access>& allowed) {
        if (allowed) {
            acls.emplace_back(json::object{{"acltype", type}, {"allow", *allowed == Access::allow}});
        }
    };
    add("publishClientSend", access.publish_client_send);
    add("publishClientReceive", access.publish_client_receive);
    add("subscribe", access.subscribe);
    add("unsubscribe", access.unsubscribe);
    return perform({{"command", "setDefaultACLAccess"}, {"acls", std::move(acls)}});
}

Result<DefaultAccess> Dynsec::get_default_access() {
    return read<DefaultAccess>(run({{"command", "getDefaultACLAccess"}}), [](const json::object& data) {
        return dynsec::default_access_of(dynsec::array_in(data, "acls"));
    });
}

Result<DynsecDetails> Dynsec::get_details() {
    return read<DynsecDetails>(run({{"command", "getDetails"}}), [](const json::object& data) {
        return DynsecDetails{dynsec::count_in(data, "clientCount"), dynsec::count_in(data, "groupCount"),
                             dynsec::count_in(data, "roleCount"), dynsec::count_in(data, "changeIndex")};
    });
}

}  // namespace multimqtt
