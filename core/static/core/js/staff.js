// What the pages of the staff site need beside the theme: a button that copies, and labels for lists on phones.

document.addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("[data-copy]")) {
        button.addEventListener("click", () => copy(button));
    }
    labelCells();
});

// The clipboard exists on secure pages only; elsewhere the text is selected, ready to be copied by hand.
async function copy(button) {
    const source = document.getElementById(button.dataset.copy);
    window.getSelection().selectAllChildren(source);
    if (navigator.clipboard) {
        await navigator.clipboard.writeText(source.textContent.trim());
        button.querySelector(".staff-copied").hidden = false;
    }
}

// On a phone a list has no heading row, so each cell carries the heading of its column.
function labelCells() {
    const headings = [...document.querySelectorAll("#result_list thead th")].map((one) => {
        const text = one.querySelector(".text");
        return text ? text.textContent.trim() : "";
    });
    for (const row of document.querySelectorAll("#result_list tr.data-row")) {
        [...row.children].forEach((cell, number) => {
            if (headings[number]) {
                cell.dataset.label = headings[number];
            }
        });
    }
}
