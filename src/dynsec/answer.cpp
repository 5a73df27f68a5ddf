// Reading answers: the plugin's error texts by kind, and its objects by type.
#include "dynsec/answer.hpp"

#include "dynsec/command.hpp"

#include <algorithm>
#include <utility>

namespace multimqtt::dynsec {
namespace {

namespace json = boost::json;

struct Wording {
    std::string_view text;
    DynsecError kind;
};

// Whole texts first: some of them begin like one of the beginnings below.
constexpr Wording kTexts[] = {
    {"Client not found", DynsecError::client_not_found},
    {"Group not found", DynsecError::group_not_found},
    {"Role not found", DynsecError::role_not_found},
    {"Role does not exist", DynsecError::role_not_found},  // In answer to modifyRole.
    {"ACL not found", DynsecError::acl_not_found},
    {"Client already exists", DynsecError::already_exists},
    {"Group already exists", DynsecError::already_exists},
    {"Role already exists", DynsecError::already_exists},
    {"ACL with this topic already exists", DynsecError::already_exists},
    {"Client is already in this group", DynsecError::already_exists},
    {"Group is already in this role", DynsecError::already_exists},
    {"'groups' contains an object with a 'groupname' that does not exist", DynsecError::group_not_found},
    {"'clients' contains an object with a 'username' that does not exist", DynsecError::client_not_found},
    {"Deleting the anonymous group is forbidden", DynsecError::forbidden},
    {"Unknown command", DynsecError::unknown_command},
    {"endpoint not available", DynsecError::endpoint_unavailable},
    {"Internal error", DynsecError::internal},
    {"Unknown acltype", DynsecError::invalid_argument},
};

// "Empty username", "Invalid/missing password", "'roles' not an array or missing/invalid rolename", ...
constexpr std::string_view kInvalidBeginnings[] = {
    "Empty ", "Invalid", "Missing", "'roles'", "'groups'", "'clients'", "Payload not valid", "Command not"};
constexpr std::string_view kInvalidEnd = "not valid UTF-8";

int priority_in(const json::object& object, int otherwise) {
    const json::value* const value = object.if_contains("priority");
    return value != nullptr && value->is_int64() ? static_cast<int>(value->get_int64()) : otherwise;
}

bool flag_in(const json::object& object, std::string_view member) {
    const json::value* const value = object.if_contains(member);
    return value != nullptr && value->is_bool() && value->get_bool();
}

template <class Take>
void each_object(const json::array& list, Take take) {
    for (const json::value& value : list) {
        if (value.is_object()) {
            take(value.get_object());
        }
    }
}

std::vector<RankedName> names_in(const json::object& data, std::string_view list, std::string_view member) {
    std::vector<RankedName> names;
    each_object(array_in(data, list), [&](const json::object& object) {
        names.emplace_back(text_in(object, member), priority_in(object, -1));
    });
    return names;
}

}  // namespace

DynsecError kind_of(std::string_view text, std::string_view command) noexcept {
    if (command == "addClientRole" && text == "Internal error") {
        return DynsecError::already_exists;  // What the plugin says when the client has the role.
    }
    for (const Wording& wording : kTexts) {
        if (wording.text == text) {
            return wording.kind;
        }
    }
    const bool invalid = text.ends_with(kInvalidEnd) ||
                         std::any_of(std::begin(kInvalidBeginnings), std::end(kInvalidBeginnings),
                                     [&](std::string_view beginning) { return text.starts_with(beginning); });
    return invalid ? DynsecError::invalid_argument : DynsecError::internal;
}

Result<json::object> outcome_of(const json::object& command, json::object answer) {
    if (answer.contains("error")) {
        const std::string text = text_in(answer, "error");
        const DynsecError kind = kind_of(text, text_in(command, "command"));
        std::string message = describe(command) + ": ";
        if (kind == DynsecError::already_exists && text == "Internal error") {
            message += "the client has the role already (the plugin says 'Internal error')";
        } else if (kind == DynsecError::unknown_command) {
            message += "the broker's plugin does not know this command; it is too old or the name is wrong";
        } else {
            message += text.empty() ? "the plugin reports an error without a text" : text;
        }
        return Failure{kind, std::move(message)};
    }
    json::value* const data = answer.if_contains("data");
    return data != nullptr && data->is_object() ? std::move(data->get_object()) : json::object{};
}

const json::object& object_in(const json::object& data, std::string_view member) {
    static const auto& none = *new json::object;
    const json::value* const value = data.if_contains(member);
    return value != nullptr && value->is_object() ? value->get_object() : none;
}

const json::array& array_in(const json::object& data, std::string_view member) {
    static const auto& none = *new json::array;
    const json::value* const value = data.if_contains(member);
    return value != nullptr && value->is_array() ? value->get_array() : none;
}

std::string text_in(const json::object& data, std::string_view member) {
    const json::value* const value = data.if_contains(member);
    return value != nullptr && value->is_string() ? std::string{std::string_view{value->get_string()}} : "";
}

std::uint64_t count_in(const json::object& data, std::string_view member) {
    const json::value* const value = data.if_contains(member);
    return value != nullptr && value->is_int64() && value->get_int64() > 0
               ? static_cast<std::uint64_t>(value->get_int64())
               : 0;
}

ClientDetails client_of(const json::object& object) {
    ClientDetails client;
    client.username = text_in(object, "username");
    client.client_id = text_in(object, "clientid");
    client.text_name = text_in(object, "textname");
    client.text_description = text_in(object, "textdescription");
    client.disabled = flag_in(object, "disabled");
    client.roles = names_in(object, "roles", "rolename");
    client.groups = names_in(object, "groups", "groupname");
    each_object(array_in(object, "connections"), [&](const json::object& connection) {
        client.connections.push_back(text_in(connection, "address"));
    });
    return client;
}

GroupDetails group_of(const json::object& object) {
    GroupDetails group;
    group.name = text_in(object, "groupname");
    group.text_name = text_in(object, "textname");
    group.text_description = text_in(object, "textdescription");
    group.roles = names_in(object, "roles", "rolename");
    each_object(array_in(object, "clients"),
                [&](const json::object& client) { group.clients.push_back(text_in(client, "username")); });
    return group;
}

RoleDetails role_of(const json::object& object) {
    RoleDetails role;
    role.name = text_in(object, "rolename");
    role.text_name = text_in(object, "textname");
    role.text_description = text_in(object, "textdescription");
    if (object.contains("allowwildcardsubs")) {
        role.allow_wildcard_subs = flag_in(object, "allowwildcardsubs");
    }
    each_object(array_in(object, "acls"), [&](const json::object& acl) {
        if (const auto type = acl_type_of(text_in(acl, "acltype"))) {
            role.acls.push_back({*type, text_in(acl, "topic"),
                                 flag_in(acl, "allow") ? Access::allow : Access::deny, priority_in(acl, 0)});
        }
    });
    return role;
}

DefaultAccess default_access_of(const json::array& acls) {
    DefaultAccess access;
    each_object(acls, [&](const json::object& acl) {
        const Access allowed = flag_in(acl, "allow") ? Access::allow : Access::deny;
        const std::string type = text_in(acl, "acltype");
        if (type == "publishClientSend") {
            access.publish_client_send = allowed;
        } else if (type == "publishClientReceive") {
            access.publish_client_receive = allowed;
        } else if (type == "subscribe") {
            access.subscribe = allowed;
        } else if (type == "unsubscribe") {
            access.unsubscribe = allowed;
        }
    });
    return access;
}

std::vector<std::string> texts_of(const json::array& list) {
    std::vector<std::string> texts;
    for (const json::value& value : list) {
        if (value.is_string()) {
            texts.emplace_back(std::string_view{value.get_string()});
        }
    }
    return texts;
}

}  // namespace multimqtt::dynsec
