#pragma once

#include <QBasicTimer>
#include <QObject>
#include <QPointF>
#include <QQuickItem>

#include <optional>
#include <vector>

namespace lapidary::app {

class ConversationView;

/// A selection by the pointer that goes from one field of text to others: over the blocks of a
/// message, over messages, over the pieces of one long block. Within one field the field selects by
/// itself, as ever; from the moment at which the pointer is beyond it, the view's fields show parts
/// of one selection, which begins where the button was pressed. In the blank space around the text
/// it begins with the nearest character. With Shift, a press moves the end of the selection there
/// is, or begins one where the last press was.
///
/// Belongs to a ConversationView, which hands in what happens to its rows and the mouse. The field
/// where it began has the keyboard, so its Copy is answered here, and the selection ends when the
/// keyboard goes elsewhere. UI thread.
class TextSelection final : public QObject {
    Q_OBJECT

public:
    explicit TextSelection(ConversationView& view);

    /// The left button went down at `pointer` of the scene, on an item or (null) on blank space.
    /// True when this takes what the mouse does from now on.
    bool press(const QQuickItem* item, QPointF pointer, Qt::KeyboardModifiers modifiers);
    /// It moved; true when the selection is more than one field's, which then must not see the
    /// move.
    bool move(QPointF place);
    void release();

    /// Other than one that a field has made by itself.
    [[nodiscard]] bool isActive() const { return focus_.has_value(); }
    /// Its text without markup; "" while it is not active.
    [[nodiscard]] QString text() const;
    void clear();

    /// A delegate was made.
    void show(int row, QQuickItem* delegate);
    /// Rows begin or end to be there: places move with them, and end with them.
    void rowsInserted(int first, int count);
    void rowsRemoved(int first, int count);
    /// The selection begins or ends in the row, whose delegate is needed for its text.
    [[nodiscard]] bool holds(int row) const;

protected:
    bool eventFilter(QObject* field, QEvent* event) override;
    void timerEvent(QTimerEvent* event) override;

private:
    /// A character of a field: the row, which of its fields from the top, how many before it.
    struct Place {
        int row = 0;
        int field = 0;
        int character = 0;
        auto operator<=>(const Place&) const = default;
    };

    struct Ends {
        Place first;
        Place last;
    };

    /// In the order of the text; nothing while the selection is not active.
    [[nodiscard]] std::optional<Ends> ends() const;
    [[nodiscard]] static bool inOneField(const Place& a, const Place& b) {
        return a.row == b.row && a.field == b.field;
    }
    [[nodiscard]] std::optional<Place> placeAt(QPointF scene) const;
    [[nodiscard]] QQuickItem* fieldAt(const Place& place) const;
    [[nodiscard]] std::optional<Place> beginOfOwn(const QQuickItem* field) const;
    [[nodiscard]] QString rowText(int row) const;
    void begin(Place anchor, QPointF pointer, bool inField);
    void extend();
    void paint();
    void paint(int row, QQuickItem* delegate) const;
    void scrollWhere(QPointF scene);

    ConversationView& view_;
    std::optional<Place> anchor_;   ///< where the button was last pressed
    std::optional<Place> focus_;    ///< where the pointer is, once that is another field
    QPointF pointer_;               ///< in the scene
    QPointer<QQuickItem> keyboard_; ///< the field whose keys are listened to
    bool pressed_ = false;
    bool inField_ = false;  ///< it began in a field, which selects by itself
    QBasicTimer scrolling_; ///< while the pointer is above or below the page
};

} // namespace lapidary::app
