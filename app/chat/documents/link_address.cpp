#include "link_address.h"

#include "chat/blocks/visible_text.h"
#include "document_writer.h"

#include <QClipboard>
#include <QDesktopServices>
#include <QGuiApplication>
#include <QSet>
#include <QStringList>
#include <QUrl>

using namespace Qt::StringLiterals;

namespace lapidary::app {

namespace {

/// The names of the scripts of a host's letters, Latin first.
QStringList scriptsOf(const QString& host) {
    QStringList names;
    for (const char32_t c : host.toUcs4()) {
        if (!QChar::isLetter(c))
            continue;
        QString name;
        switch (QChar::script(c)) {
        case QChar::Script_Latin:
            name = LinkAddress::tr("Latin");
            break;
        case QChar::Script_Cyrillic:
            name = LinkAddress::tr("Cyrillic");
            break;
        case QChar::Script_Greek:
            name = LinkAddress::tr("Greek");
            break;
        case QChar::Script_Armenian:
            name = LinkAddress::tr("Armenian");
            break;
        case QChar::Script_Hebrew:
            name = LinkAddress::tr("Hebrew");
            break;
        case QChar::Script_Arabic:
            name = LinkAddress::tr("Arabic");
            break;
        case QChar::Script_Han:
            name = LinkAddress::tr("Chinese");
            break;
        case QChar::Script_Hiragana:
        case QChar::Script_Katakana:
            name = LinkAddress::tr("Japanese");
            break;
        case QChar::Script_Hangul:
            name = LinkAddress::tr("Korean");
            break;
        default:
            name = LinkAddress::tr("other");
            break;
        }
        if (!names.contains(name))
            names.append(name);
    }
    return names;
}

} // namespace

void LinkAddress::setAddress(const QString& address) {
    address_ = address;
    const QUrl url(address, QUrl::TolerantMode);
    openable_ = url.isValid() && mayOpen(address);
    shown_ = visibleText(url.isValid() ? QString::fromLatin1(url.toEncoded()) : address,
                         TextPlace::Code);
    warning_.clear();
    const QString host =
        QUrl::fromAce(url.host(QUrl::FullyEncoded).toLatin1(), QUrl::IgnoreIDNWhitelist);
    const QStringList scripts = scriptsOf(host);
    if (!url.userInfo().isEmpty())
        warning_ = tr("What stands before the @ is a user name; the link leads to %1.").arg(host);
    else if (scripts.size() > 1)
        warning_ = tr("“%1” mixes letters of %2: it may only look like a name you know.")
                       .arg(visibleText(host, TextPlace::Code), scripts.join(tr(" and ")));
    else if (url.host(QUrl::FullyEncoded).contains(u"xn--"_s))
        warning_ = tr("The name reads “%1” and is not written in plain Latin letters.")
                       .arg(visibleText(host, TextPlace::Code));
    emit addressChanged();
}

void LinkAddress::open() const {
    if (openable_)
        QDesktopServices::openUrl(QUrl(address_, QUrl::TolerantMode));
}

void LinkAddress::copy() const {
    QGuiApplication::clipboard()->setText(address_);
}

} // namespace lapidary::app
