#include "collector/notify/phrases.hpp"

namespace muster::collector {

namespace {

// brain/incidents: titles of what is found by watching.
constexpr Phrase titles[] = {
    {"host {name} is down: {said}, and its agent is silent", "主机 {0} 宕机：{1}，且其代理失联"},
    {"storm: {word} faults at once, all of subnet {name}",
     "告警风暴：同时发生 {0} 个故障，均属子网 {1}"},
    {"storm: {word} faults at once, all of agent {name}",
     "告警风暴：同时发生 {0} 个故障，均由代理 {1} 观测"},
    {"storm: {word} faults at once, all of site {name}",
     "告警风暴：同时发生 {0} 个故障，均属站点 {1}"},
    {"storm: {word} faults at once, with nothing in common",
     "告警风暴：同时发生 {0} 个故障，无共同点"},
    {"vantage {name} is isolated: it sees none of its {word} targets elsewhere",
     "观测点 {0} 被隔离：看不到其他机器上的全部 {1} 个目标"},
    {"agent {name} is silent; its host answers {name}", "代理 {0} 失联；其主机对 {1} 有应答"},
    {"agent {name} is silent; nobody watches its host from outside",
     "代理 {0} 失联；没有其他代理从外部监测其主机"},
    {"agent {name} is silent; {name} does not see yet whether its host is up",
     "代理 {0} 失联；{1} 尚未看清其主机是否在线"},
    {"site {name} is cut off: {word} of {word} agents are silent",
     "站点 {0} 断连：{2} 个代理中有 {1} 个失联"},
    {"site {name}: {word} of {word} agents are silent, yet their hosts answer",
     "站点 {0}：{2} 个代理中有 {1} 个失联，但其主机仍有应答"},
    {"channel {name} takes no messages", "通知通道 {0} 不接收消息"},
    {"agent {name} lives twice: a copy of its machine calls from {name}",
     "代理 {0} 重复：其机器的副本自 {1} 连接"},
    {"the collector went back to the backup {word}", "采集器已恢复到备份 {0}"},
    {"{name}: {name} failed: {said}", "{0}：{1} 失败：{2}"},
    {"{name}: {name} exceeded: {said}", "{0}：{1} 超限：{2}"},
    {"{name}: {name} failed", "{0}：{1} 失败"},
    {"{name}: {name} exceeded", "{0}：{1} 超限"},
};

// What is expected and seen, and why, as probes/ and brain/ word it. The first that fits is taken.
constexpr Phrase sights[] = {
    // brain/incidents, brain/presence, brain/telling
    {"an answer, or a word from its agent", "有应答，或收到其代理的消息"},
    {"{said}; nothing from agent {name} since {at}", "{0}；自 {2} 起未收到代理 {1} 的任何消息"},
    {"nothing since {at}", "自 {0} 起无任何消息"},
    {"a sign of life within {for}", "{0}内有心跳"},
    {"a word from its agents", "收到其代理的消息"},
    {"nothing from {name}", "未收到 {0} 的任何消息"},
    {"an answer from any of its targets on other machines", "其他机器上至少一个目标有应答"},
    {"none of them answers", "全部无应答"},
    {"at most {word} incidents within {for}", "{1}内最多 {0} 个事件"},
    {"messages are accepted", "消息被接收"},
    {"one machine with the certificate of this agent", "仅一台机器持有此代理的证书"},
    {"one at {name}, one at {name}", "一台在 {0}，一台在 {1}"},
    {"stores that can be read", "存储可读"},
    {"failing for {for}", "持续失败 {0}"},
    {"critical", "严重"},
    // brain/availability
    {"available for at least {word} of {for}", "{1}内可用率不低于 {0}"},
    {"available for at most {word} of {for}: {for} down", "{1}内可用率不高于 {0}：故障 {2}"},
    {"{word} {word}, the {word}. result in a row above", "{0} {1}，连续第 {2} 次高于限值"},
    {"{word} {word}, the {word}. result in a row below", "{0} {1}，连续第 {2} 次低于限值"},
    {"{word} {word} {word}, the {word}. result in a row above", "{0} {1} {2}，连续第 {3} 次高于限值"
    },
    {"{word} {word} {word}, the {word}. result in a row below", "{0} {1} {2}，连续第 {3} 次低于限值"
    },
    {"{word} at most {name}", "{0} 不高于 {1}"},
    {"{word} at least {name}", "{0} 不低于 {1}"},
    {"{word} beyond its limit", "{0} 超出限值"},
    // probes/http
    {"status {word} to {word} and a body that matches {name} within {for}",
     "{3}内返回状态码 {0} 至 {1}，且正文匹配 {2}"},
    {"status {word} to {word} and a body that matches {name}", "状态码 {0} 至 {1}，且正文匹配 {2}"},
    {"status {word} to {word} within {for}", "{2}内返回状态码 {0} 至 {1}"},
    {"status {word} to {word}", "状态码 {0} 至 {1}"},
    {"status {name} and a body that matches {name} within {for}",
     "{2}内返回状态码 {0}，且正文匹配 {1}"},
    {"status {name} and a body that matches {name}", "状态码 {0}，且正文匹配 {1}"},
    {"status {name} within {for}", "{1}内返回状态码 {0}"},
    {"status {name}", "状态码 {0}"},
    {"a body that matches {name}", "正文匹配 {0}"},
    {"{word} bytes without it: {name}", "{0} 字节中没有匹配：{1}"},
    {"no connection", "未能建立连接"},
    {"connected, no TLS handshake", "已连接，TLS 握手未完成"},
    {"connected, no answer", "已连接，无应答"},
    {"the answer did not end", "应答未结束"},
    {"certificate: {said}", "证书：{0}"},
    // probes/icmp, probes/host
    {"{word} of {word} replies within {for}", "{2}内收到 {1} 个应答中的 {0} 个"},
    {"{word} of {word} replies from {name}", "{2} 的 {1} 个应答只收到 {0} 个"},
    {"no reply from {name}", "{0} 无应答"},
    {"no reply", "无应答"},
    {"a reply within {for}", "{0}内有应答"},
    {"a reply, or an answer at port {word}, within {for}", "{1}内 ping 有应答，或端口 {0} 有应答"},
    {"{known}; port {word}: {said}", "{0}；端口 {1}：{2}"},
    {"host unreachable", "主机不可达"},
    {"network unreachable", "网络不可达"},
    {"port unreachable", "端口不可达"},
    {"forbidden by a packet filter", "被包过滤规则禁止"},
    {"packet too large", "报文过大"},
    // probes/tcp
    {"an answer that matches {name} within {for}", "{1}内应答匹配 {0}"},
    {"a connection within {for}", "{0}内建立连接"},
    {"closed without an answer", "连接被关闭，无应答"},
    // the operating system, as probes/ and notify/ pass it on
    {"connection refused", "连接被拒绝"},
    {"no answer before the deadline", "在期限内无应答"},
    {"the server closed the connection", "服务器关闭了连接"},
    {"cannot connect: {said}", "无法连接：{0}"},
    {"Connection refused", "连接被拒绝"},
    {"Connection reset by peer", "连接被对端重置"},
    {"Connection timed out", "连接超时"},
    {"No route to host", "没有到主机的路由"},
    {"Network is unreachable", "网络不可达"},
    {"connection reset by peer", "连接被对端重置"},
    {"connection timed out", "连接超时"},
    {"no route to host", "没有到主机的路由"},
    {"network is unreachable", "网络不可达"},
    {"host is down", "主机已关闭"},
    {"broken pipe", "连接已断开"},
    // probes/snmp
    {"an answer from {word} within {for}", "{1}内收到 {0} 的应答"},
    {"no answer from {word} to {word} requests; {word} from other addresses ignored",
     "{0} 对 {1} 次请求均无应答；忽略来自其他地址的 {2} 个应答"},
    {"no answer from {word} to {word} requests", "{0} 对 {1} 次请求均无应答"},
    {"the objects asked for", "所请求的对象"},
    {"an answer about other objects", "应答的是其他对象"},
    {"the device has no such object", "设备没有该对象"},
    {"the device does not know the user (usmStatsUnknownUserNames)",
     "设备不认识该用户（usmStatsUnknownUserNames）"},
    {"the device does not take this security level for the user (usmStatsUnsupportedSecLevels)",
     "设备不接受该用户的此安全级别（usmStatsUnsupportedSecLevels）"},
    {"the device's engine clock does not agree (usmStatsNotInTimeWindows)",
     "设备的引擎时钟不一致（usmStatsNotInTimeWindows）"},
    {"the device has another engine id (usmStatsUnknownEngineIDs)",
     "设备的引擎标识不同（usmStatsUnknownEngineIDs）"},
    {"wrong authentication password or protocol (usmStatsWrongDigests)",
     "认证密码或协议错误（usmStatsWrongDigests）"},
    {"wrong privacy password or protocol (usmStatsDecryptionErrors)",
     "加密密码或协议错误（usmStatsDecryptionErrors）"},
    // where it was
    {"{word}: {known}", "{0}：{1}"},
};

// brain: how it ended, where nobody ended it.
constexpr Phrase ends[] = {
    {"everything that failed answers again", "所有失败的探测均已恢复应答"},
    {"what failed is no longer probed", "失败的对象已不再探测"},
    {"enough vantages see it well again", "已有足够多的观测点看到其恢复正常"},
    {"flapping no more: everything answers", "抖动结束：全部恢复应答"},
    {"all {word} members are well again", "全部 {0} 个成员已恢复正常"},
    {"{word} of {word} members are well again; incidents of their own for the other {word}",
     "{1} 个成员中有 {0} 个已恢复正常；其余 {2} 个各自成为事件"},
    {"all of its agents are heard again", "其所有代理均已恢复联系"},
    {"more than half of its agents are heard again: {word} of {word} agents are silent still",
     "半数以上的代理已恢复联系：{1} 个中仍有 {0} 个失联"},
    {"its agent is heard again", "其代理已恢复联系"},
    {"heard from again", "已恢复联系"},
    {"connected again", "已重新连接"},
    {"the host answers again", "主机已恢复应答"},
    {"a target answers again", "已有目标恢复应答"},
    {"what it did not see is no longer probed", "其看不到的对象已不再探测"},
    {"nothing proves it any more", "已无依据"},
    {"the agent itself is silent", "该代理自身已失联"},
    {"the agent was stopped", "该代理已停止"},
    {"the agent was revoked", "该代理已被吊销"},
    {"the channel is no longer configured", "该通道已不再配置"},
    {"a message was accepted", "已有消息被接收"},
    {"a symptom of {word}: {title}", "是 {0} 的表象：{1}"},
    {"its configuration item is one with another: the same as {word}",
     "其配置项与另一配置项合并：与 {0} 相同"},
    {"its configuration item is one with another", "其配置项与另一配置项合并"},
};

}  // namespace

std::span<const Phrase> phrases(Said where) {
    switch (where) {
        case Said::title:
            return titles;
        case Said::sight:
            return sights;
        case Said::end:
            return ends;
    }
    return {};
}

}  // namespace muster::collector
