// What Mosquitto's dynamic-security plugin knows: clients, groups, roles and their ACLs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace multimqtt {

enum class Access : bool { deny, allow };

/// The name of a role, a group or a client, and its rank among others of its kind: the highest is asked
/// first.
struct RankedName {
    // NOLINTBEGIN(google-explicit-constructor): a name alone is the usual case.
    RankedName(std::string ranked_name, int rank = -1) : name{std::move(ranked_name)}, priority{rank} {}
    RankedName(std::string_view ranked_name, int rank = -1) : name{ranked_name}, priority{rank} {}
    RankedName(const char* ranked_name, int rank = -1) : name{ranked_name}, priority{rank} {}
    // NOLINTEND(google-explicit-constructor)

    std::string name;
    int priority = -1;  ///< -100,000..100,000.

    friend bool operator==(const RankedName&, const RankedName&) = default;
};

// ACLs.

/// What an ACL of a role is about.
///
/// A "literal" ACL is for the filter as it is written, wildcards included; a "pattern" ACL is for all filters
/// that its topic covers.
enum class AclType : std::uint8_t {
    publish_client_send,
    publish_client_receive,
    subscribe_literal,
    subscribe_pattern,
    unsubscribe_literal,
    unsubscribe_pattern,
};

/// The plugin's name of the type, such as "publishClientSend".
[[nodiscard]] std::string_view to_string(AclType type) noexcept;

/// One ACL of a role. "#" does not cover topics that begin with "$", and `subscribe_pattern` of "a/#" does
/// not cover "$share/group/a/#": that needs an ACL of "$share/+/a/#".
struct Acl {
    AclType type = AclType::publish_client_send;
    std::string topic;
    Access access = Access::deny;
    int priority = 0;  ///< -100,000..100,000. The ACL with the highest priority that fits decides.

    friend bool operator==(const Acl&, const Acl&) = default;
};

/// What holds when no role says anything. Left out when it is to stay as it is; complete when it was read.
struct DefaultAccess {
    std::optional<Access> publish_client_send{};
    std::optional<Access> publish_client_receive{};
    std::optional<Access> subscribe{};
    std::optional<Access> unsubscribe{};

    friend bool operator==(const DefaultAccess&, const DefaultAccess&) = default;
};

// Clients.

/// A client to make.
struct ClientSpec {
    std::string username;
    std::optional<std::string> password{};  ///< Without one it cannot log in.
    std::string client_id{};                ///< The only one it may use; empty: any.
    std::string text_name{};
    std::string text_description{};
    std::vector<RankedName> roles{};
    std::vector<RankedName> groups{};
};

/// What to change of a client. Left out is left as it is; an empty text clears.
struct ClientChange {
    std::optional<std::string> password{};
    std::optional<std::string> client_id{};
    std::optional<std::string> text_name{};
    std::optional<std::string> text_description{};
    std::optional<std::vector<RankedName>> set_roles{};   ///< In place of all that it has.
    std::optional<std::vector<RankedName>> set_groups{};  ///< In place of all that it has.
};

/// A client as the plugin knows it.
struct ClientDetails {
    std::string username;
    std::string client_id;
    std::string text_name;
    std::string text_description;
    bool disabled = false;
    std::vector<RankedName> roles;
    std::vector<RankedName> groups;
    std::vector<std::string> connections;  ///< Addresses, where known. Mosquitto 2.1 and newer.
};

// Groups.

/// A group to make.
struct GroupSpec {
    std::string name;
    std::string text_name{};
    std::string text_description{};
    std::vector<RankedName> roles{};
};

/// What to change of a group. Left out is left as it is; an empty text clears.
struct GroupChange {
    std::optional<std::string> text_name{};
    std::optional<std::string> text_description{};
    std::optional<std::vector<RankedName>> set_roles{};    ///< In place of all that it has.
    std::optional<std::vector<RankedName>> set_clients{};  ///< In place of all members.
};

/// A group as the plugin knows it.
struct GroupDetails {
    std::string name;
    std::string text_name;
    std::string text_description;
    std::vector<RankedName> roles;
    std::vector<std::string> clients;
};

// Roles.

/// A role to make.
struct RoleSpec {
    std::string name;
    std::string text_name{};
    std::string text_description{};
    std::vector<Acl> acls{};
    std::optional<bool> allow_wildcard_subs{};  ///< Mosquitto 2.1 and newer.
};

/// What to change of a role. Left out is left as it is; an empty text clears.
struct RoleChange {
    std::optional<std::string> text_name{};
    std::optional<std::string> text_description{};
    std::optional<std::vector<Acl>> set_acls{};  ///< In place of all that it has.
    std::optional<bool> allow_wildcard_subs{};   ///< Mosquitto 2.1 and newer.
};

/// A role as the plugin knows it. Topics are absolute: the prefix stands before them.
struct RoleDetails {
    std::string name;
    std::string text_name;
    std::string text_description;
    std::vector<Acl> acls;
    std::optional<bool> allow_wildcard_subs;  ///< Mosquitto 2.1 and newer.
};

/// The size of what the plugin knows.
struct DynsecDetails {
    std::uint64_t clients = 0;
    std::uint64_t groups = 0;
    std::uint64_t roles = 0;
    std::uint64_t change_index = 0;  ///< Grows with every change.
};

}  // namespace multimqtt
