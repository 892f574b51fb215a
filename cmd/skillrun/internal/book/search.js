const query = new URLSearchParams(location.search).get("q") || "";
const words = query.toLowerCase().split(/\s+/).filter(Boolean);
document.getElementById("q").value = query;
const list = document.querySelector(".results");
let found = 0;
for (const item of Array.from(list.children)) {
  const text = item.textContent.toLowerCase();
  item.hidden = !words.every((w) => text.includes(w));
  if (item.hidden) continue;
  found++;
  const title = item.querySelector("a").textContent.toLowerCase();
  if (words.length && words.every((w) => title.includes(w))) list.prepend(item);
}
document.getElementById("found").textContent = words.length ? found + " found for “" + query + "”" : found + " sections";
